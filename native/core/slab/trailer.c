#include "slab/trailer.h"

#include "base/report.h"
#include "slab/block.h"

void ss_trailer_init(void) {
    if (ss_sealed_now->trailer_key[1] != 0 || !ss_sealed_open())
        return; /* an earlier try drew it; or the page cannot be written, and the key stays 0 */
    ss_sealed_now->trailer_key[0] = ss_os_random();
    ss_sealed_now->trailer_key[1] = ss_os_random() | 1;
    ss_sealed_close();
}

superslab_error ss_trailer_error(const void *block, size_t usable, ss_trailer_kind kind,
                                 size_t asked) {
    if (ss_trailer_has_ended(block)) /* and its header was restored */
        return SUPERSLAB_ERROR_DOUBLE_FREE;
    if (!ss_trailer_is_whole(block, usable, SS_TRAILER_ANY))
        return SUPERSLAB_ERROR_OVERFLOW;
    if (!ss_trailer_is_whole(block, usable, kind))
        return SUPERSLAB_ERROR_WRONG_FREE;
    return asked != SS_SIZE_ANY && asked != ss_trailer_size(block, usable)
               ? SUPERSLAB_ERROR_SIZE_MISMATCH
               : SUPERSLAB_OK;
}

SS_COLD bool ss_trailer_damage(const void *block, unsigned bin, size_t *size, size_t *written) {
    const size_t usable = ss_class_headed_usable(ss_bin_class(bin));
    const uint64_t word = ss_trailer_word(block);
    const uint8_t *const canary = (const uint8_t *)&word;
    *size = ss_trailer_size(block, usable);
    if (*size > usable - SS_TRAILER_BYTES || ss_exact_bin(*size) != bin)
        return false;
    const size_t place = ss_trailer_place(*size, usable), last = place + SS_TRAILER_SPAN - 1;
    const uint8_t *const bytes = block;
    for (*written = *size; *written <= last; ++*written)
        if (bytes[*written] != canary[(*written - place) % sizeof word])
            return true;
    return false;
}

SS_COLD void ss_block_written(void *block, size_t usable) {
    ss_faults faults = {.count = 0};
    ss_fault_add(&faults, SUPERSLAB_ERROR_USE_AFTER_FREE, block);
    ss_scrub(block, usable);
    ss_report_defer(&faults);
}

/* A look-up and a walk see blocks of other threads. The code is read once, so a size that is told is below `usable`; the
 * sanitizer need not know of the race, because nothing but a figure comes of it. */
__attribute__((no_sanitize("thread"))) size_t ss_trailer_size_seen(const void *block,
                                                                   size_t usable) {
    const volatile unsigned char *bytes = block;
    const uint64_t word = ss_trailer_word(block);
    const volatile unsigned char *at_code = (const unsigned char *)ss_trailer_code_at(block);
    const unsigned code = at_code[0] | (unsigned)at_code[1] << 8;
    const size_t slack = (code ^ word) & SS_TRAILER_MOST;
    if (slack < SS_TRAILER_BYTES || slack > usable)
        return usable - SS_TRAILER_BYTES;
    const size_t size = usable - slack, place = ss_trailer_place(size, usable);
    for (size_t at = size; at < place + SS_TRAILER_SPAN; at++)
        if (bytes[at] != (uint8_t)(word >> (at - place) % 8 * 8))
            return usable - SS_TRAILER_BYTES;
    return size;
}
