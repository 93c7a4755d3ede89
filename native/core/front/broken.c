/* Hardened: what malloc and free do with a block that they found broken. */
#include "base/report.h"
#include "front/cold.h"
#include "slab/block.h"

/* Reports a live block whose trailer is broken, with the bytes that were asked for and the first one that was written, where
 * they can be told. */
static void report_broken(const void *block, unsigned bin, ss_trailer_kind kind,
                          const char *found) {
    const size_t usable = ss_class_headed_usable(ss_bin_class(bin));
    const superslab_error error = ss_trailer_error(block, usable, kind);
    size_t size = ss_trailer_size(block, usable), written = 0;
    const bool is_damaged = error != SUPERSLAB_ERROR_WRONG_FREE;
    if (is_damaged && !ss_trailer_damage(block, bin, &size, &written)) {
        ss_report(error, block);
        return;
    }
    const ss_fault_detail detail = {
        .block = (uintptr_t)block, .size = size, .found = is_damaged ? found : NULL};
    ss_report_detail(error, (const char *)block + written, &detail);
}

/* Reports what is wrong with a block whose trailer is not whole. */
static void report_found(const void *block, ss_trailer_kind kind, const char *when) {
    ss_block found;
    ss_block_find((uintptr_t)block, &found);
    if (found.start != (uintptr_t)block) /* the byte before it looked like a header */
        ss_report(SUPERSLAB_ERROR_INSIDE_BLOCK, block);
    else if (ss_slab_is_free(found.slab, ss_bin_class(found.bin), found.index))
        ss_report(SUPERSLAB_ERROR_DOUBLE_FREE, block); /* and its header was restored */
    else
        report_broken(block, found.bin, kind, when);
}

SS_COLD void ss_free_broken(void *block, ss_trailer_kind kind) {
    ss_thread_leave(ss_thread_self());
    report_found(block, kind, "when it was freed");
}

SS_COLD void ss_resize_broken(const void *block) {
    report_found(block, SS_TRAILER_MALLOC, "when it was resized");
}

SS_COLD bool ss_free_is_right(const void *block, ss_trailer_kind kind) {
    const unsigned bin = (unsigned)ss_headed_bin(block);
    return bin == 0 || !ss_header_is_live(ss_header_get(block), bin) ||
           ss_trailer_is_whole(block, ss_class_headed_usable(ss_bin_class(bin)), kind);
}

SS_COLD void *ss_malloc_written(void *block, size_t size, size_t usable, ss_trailer_kind kind) {
    const char *written = block;
    while (*written == 0 && written < (char *)block + usable - 1)
        written++;
    ss_scrub(block, usable);
    ss_trailer_set(block, size, usable, kind);
    ss_thread_leave(ss_thread_self());
    ss_report_detail(SUPERSLAB_ERROR_USE_AFTER_FREE, written,
                     &(ss_fault_detail){.block = (uintptr_t)block,
                                        .size = usable,
                                        .freed = true,
                                        .found = "when it was handed out again"});
    return block;
}
