/* Hardened: what malloc and free do with a block that they found broken. */
#include "base/report.h"
#include "front/cold.h"
#include "slab/block.h"

SS_COLD void ss_free_broken(void *block, ss_trailer_kind kind) {
    ss_block found;
    ss_thread_leave(ss_thread_self());
    ss_block_find((uintptr_t)block, &found);
    if (found.start != (uintptr_t)block) /* the byte before it looked like a header */
        ss_report(SUPERSLAB_ERROR_INSIDE_BLOCK, block);
    else
        ss_report(ss_trailer_error(block, ss_class_headed_usable(ss_bin_class(found.bin)), kind),
                  block);
}

SS_COLD bool ss_free_is_right(const void *block, ss_trailer_kind kind) {
    const unsigned bin = (unsigned)ss_headed_bin(block);
    return bin == 0 || !ss_header_is_live(ss_header_get(block), bin) ||
           ss_trailer_is_whole(block, ss_class_headed_usable(ss_bin_class(bin)), kind);
}

SS_COLD void *ss_malloc_written(void *block, size_t size, size_t usable, ss_trailer_kind kind) {
    ss_scrub(block, usable);
    ss_trailer_set(block, size, usable, kind);
    ss_thread_leave(ss_thread_self());
    ss_report(SUPERSLAB_ERROR_USE_AFTER_FREE, block);
    return block;
}
