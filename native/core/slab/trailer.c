#include "slab/trailer.h"

#include "base/report.h"
#include "slab/block.h"

const uint8_t ss_trailer_masks[2 * SS_TRAILER_SPAN] = {
    [SS_TRAILER_SPAN... 2 * SS_TRAILER_SPAN - 1] = 0xff};

void ss_trailer_init(void) {
    if (ss_sealed_now->trailer_key[1] != 0 || !ss_sealed_open())
        return; /* an earlier try drew it; or the page cannot be written, and the key stays 0 */
    ss_sealed_now->trailer_key[0] = ss_os_random();
    ss_sealed_now->trailer_key[1] = ss_os_random() | 1;
    ss_sealed_close();
}

superslab_error ss_trailer_error(const void *block, size_t usable, ss_trailer_kind kind) {
    return kind != SS_TRAILER_ANY && ss_trailer_is_whole(block, usable, SS_TRAILER_ANY)
               ? SUPERSLAB_ERROR_WRONG_FREE
               : SUPERSLAB_ERROR_OVERFLOW;
}

SS_COLD void ss_block_written(void *block, size_t usable) {
    ss_faults faults = {.count = 0};
    ss_fault_add(&faults, SUPERSLAB_ERROR_USE_AFTER_FREE, block);
    ss_scrub(block, usable);
    ss_report_defer(&faults);
}
