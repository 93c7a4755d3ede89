/* Level 2: a free found something beside the block; slab/neighbour.h. */
#include "slab/neighbour.h"

#include "base/report.h"
#include "front/hot.h"
#include "heap/outlet.h"
#include "slab/state.h"

/* Whether a block that is not live stays free while this thread is inside the allocator. */
static bool stays_free(const ss_block *found) {
    const ss_heap *heap = atomic_load_explicit(&ss_thread_self()->heap, SS_ORDER_IS_OPEN);
    return heap != NULL && (ss_heap_holds(heap, found->bin, (const void *)found->start) ||
                            (ss_slab_is_owned_by(found->slab, ss_heap_number(heap)) &&
                             ss_slab_is_free(found->slab, ss_bin_class(found->bin), found->index)));
}

/* The error in a neighbour, SUPERSLAB_OK if none is certain. Called with the thread inside, or closed. */
static superslab_error error_of(const ss_block *found, size_t usable, const char **written) {
    const char *const block = (const char *)found->start;
    const uint32_t head = ss_neighbour_head(block);
    const unsigned header = head >> 24;
    *written = block - 1;
    if (header != 0 && header != SS_HEADER_FREED && !ss_header_is_live(header, found->bin))
        return SUPERSLAB_ERROR_CORRUPTED_HEADER;
    *written = block - 1 - SS_TRAILER_CODE_BYTES;
    if (header != 0 && header != SS_HEADER_FREED)
        return ss_neighbour_code_is_right(block, head, usable) ? SUPERSLAB_OK
                                                               : SUPERSLAB_ERROR_OVERFLOW;
    if (!stays_free(found))
        return SUPERSLAB_OK;
    /* Acquire: what the free that put the block there wrote is seen. */
    atomic_thread_fence(memory_order_acquire);
    for (*written = block; *written < block + SS_SCRUB_STEP; ++*written)
        if (**written != 0) {
            ss_scrub((void *)found->start, usable); /* it is reported once */
            return SUPERSLAB_ERROR_USE_AFTER_FREE;
        }
    return SUPERSLAB_OK;
}

/* Reports what is certain about the neighbour at an address; false if nothing is. */
static bool report_neighbour(uintptr_t neighbour, const ss_slab *slab, size_t usable) {
    ss_block found;
    ss_block_find(neighbour, &found);
    if (found.slab != slab || found.start != neighbour)
        return false; /* before the first block, or behind the last one */
    const char *written;
    ss_thread *self = ss_thread_self();
    ss_thread_enter(self); /* what is in the heap's bins stays there */
    const superslab_error error = error_of(&found, usable, &written);
    ss_thread_leave(self);
    if (error == SUPERSLAB_OK)
        return false;
    ss_report_detail(error, written,
                     &(ss_fault_detail){.block = neighbour,
                                        .size = usable - SS_TRAILER_BYTES,
                                        .freed = error == SUPERSLAB_ERROR_USE_AFTER_FREE,
                                        .found = "when the block beside it was freed"});
    return true;
}

SS_NOINLINE bool ss_free_all(void *block, unsigned bin, uint64_t word, void **top) {
    ss_thread *self = ss_thread_self();
    const size_t usable = ss_class_headed_usable(ss_bin_class(bin));
    if (SS_NEIGHBOURS && SS_UNLIKELY(!ss_neighbour_looks_right(block, usable, bin)))
        return false;
    ss_block_end(block, usable, word);
    top[1] = block;
    SS_MOVE_TOP(self->top[bin], 1);
    ss_thread_leave(self);
    return true;
}

SS_NOINLINE void *ss_malloc_all(void *block, size_t size, size_t usable, ss_trailer_kind kind,
                                uint32_t draw) {
    if (SS_UNLIKELY(!ss_scrub_is_whole(block, usable, draw)))
        return ss_malloc_written(block, size, usable, kind);
    ss_trailer_set(block, size, usable, kind);
    ss_thread_leave(ss_thread_self());
    return block;
}

SS_COLD void ss_report_beside(const void *block, unsigned bin) {
    const uintptr_t address = (uintptr_t)block;
    const size_t usable = ss_class_headed_usable(ss_bin_class(bin));
    const ss_slab *slab = ss_slab_find(ss_space_find_internal(address), address);
    if (!report_neighbour(address + usable + 1, slab, usable))
        report_neighbour(address - usable - 1, slab, usable);
}
