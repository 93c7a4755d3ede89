/* Hardened: what malloc and free do with a block that they found broken. */
#include "base/report.h"
#include "front/cold.h"
#include "heap/outlet.h"
#include "heap/share.h"
#include "slab/block.h"
#include "slab/seal.h"

/* Reports an error in a free or a realloc of a block of `size` bytes. */
static void report(superslab_error error, const void *block, size_t size, const char *written,
                   const char *when) {
    const bool is_damaged = error == SUPERSLAB_ERROR_OVERFLOW;
    const ss_fault_detail detail = {
        .block = (uintptr_t)block, .size = size, .found = is_damaged ? when : NULL};
    ss_report_detail(error, is_damaged ? written : block, &detail);
}

/* Reports a live block whose trailer is broken, with the bytes that were asked for and the first one that was written, where
 * they can be told. */
static void report_broken(const void *block, unsigned bin, ss_trailer_kind kind, size_t asked,
                          const char *found) {
    const size_t usable = ss_class_headed_usable(ss_bin_class(bin));
    const superslab_error error = ss_trailer_error(block, usable, kind, asked);
    size_t size = ss_trailer_size(block, usable), written = 0;
    const bool is_damaged = error == SUPERSLAB_ERROR_OVERFLOW;
    if (error == SUPERSLAB_ERROR_DOUBLE_FREE ||
        (is_damaged && !ss_trailer_damage(block, bin, &size, &written))) {
        ss_report(error, block);
        return;
    }
    report(error, block, size, (const char *)block + written, found);
}

/* Reports what is wrong with a block whose trailer is not whole. */
static void report_found(const void *block, ss_trailer_kind kind, size_t asked, const char *when) {
    ss_block found;
    ss_block_find((uintptr_t)block, &found);
    if (found.start != (uintptr_t)block) /* the byte before it looked like a header */
        ss_report(SUPERSLAB_ERROR_INSIDE_BLOCK, block);
    else if (ss_slab_is_free(found.slab, ss_bin_class(found.bin), found.index))
        ss_report(SUPERSLAB_ERROR_DOUBLE_FREE, block); /* and its header was restored */
    else
        report_broken(block, found.bin, kind, asked, when);
}

static const char freed[] = "when it was freed", resized[] = "when it was resized";

SS_COLD bool ss_free_broken(void *block, ss_trailer_kind kind, size_t asked) {
    ss_thread_leave(ss_thread_self());
    /* After a refusal of memory a block may be of a much larger class, and its trailer tell too large a size. */
    if (asked != SS_SIZE_ANY && ss_heap_has_lent() && ss_free_is_right(block, kind, SS_SIZE_ANY))
        return true;
    report_found(block, kind, asked, freed);
    return false;
}

SS_COLD void ss_resize_broken(const void *block) {
    report_found(block, SS_TRAILER_MALLOC, SS_SIZE_ANY, resized);
}

SS_COLD bool ss_free_is_right(const void *block, ss_trailer_kind kind, size_t asked) {
    const unsigned bin = (unsigned)ss_headed_bin(block);
    return bin == 0 || !ss_header_is_live(ss_header_get(block), bin) ||
           ss_trailer_is_whole_by(block, ss_class_headed_usable(ss_bin_class(bin)), kind, asked,
                                  ss_trailer_word(block));
}

/* ---- aligned and large ---- */

static superslab_error seal_error(const ss_seal *seal, ss_trailer_kind kind, size_t asked) {
    if (!seal->is_whole)
        return SUPERSLAB_ERROR_OVERFLOW;
    if (kind != SS_TRAILER_ANY && kind != seal->kind)
        return SUPERSLAB_ERROR_WRONG_FREE;
    /* Where the system refuses the memory for it, a block of no bytes has one. */
    const bool is_same = asked == seal->size || (asked == 0 && seal->size == 1);
    return asked != SS_SIZE_ANY && !is_same ? SUPERSLAB_ERROR_SIZE_MISMATCH : SUPERSLAB_OK;
}

/* Reports the error, if there is one. */
static SS_COLD void report_seal(superslab_error error, const void *block, const ss_seal *seal,
                                const char *when) {
    if (seal->is_known)
        report(error, block, seal->size, seal->written, when);
    else
        ss_report(error, block);
}

static ss_space *headless_of(const void *block) {
    ss_space *space = ss_space_find_internal((uintptr_t)block);
    return space != NULL && ss_space_is_headless(space) ? space : NULL;
}

/* A block of no bytes, or a guarded one. */
static SS_COLD bool admits_other(const void *block, size_t asked) {
    ss_block found;
    ss_block_find((uintptr_t)block, &found);
    if (found.state != SS_BLOCK_LIVE || found.start != (uintptr_t)block || found.space != NULL ||
        found.usable == asked)
        return true;
    ss_block_report(SUPERSLAB_ERROR_SIZE_MISMATCH, block);
    return false;
}

SS_NOINLINE bool ss_free_admits(void *block, ss_trailer_kind kind, size_t asked) {
    if (SS_UNLIKELY(ss_headed_bin(block) != 0)) /* of a closed thread */
        return ss_free_is_right(block, kind, asked) || ss_free_broken(block, kind, asked);
    ss_space *space = headless_of(block);
    if (space == NULL)
        return asked == SS_SIZE_ANY || admits_other(block, asked);
    ss_seal seal;
    bool twice;
    if (!ss_seal_take(space, block, &seal, &twice))
        return true;
    if (SS_UNLIKELY(twice)) {
        ss_report(SUPERSLAB_ERROR_DOUBLE_FREE, block);
        return false;
    }
    const superslab_error error = seal_error(&seal, kind, asked);
    if (SS_LIKELY(error == SUPERSLAB_OK))
        return true;
    ss_seal_put_back(space, block, &seal);
    report_seal(error, block, &seal, freed);
    return false;
}

SS_COLD bool ss_resize_admits(const void *block, ss_seal *seal) {
    ss_space *space = headless_of(block);
    bool twice;
    if (space == NULL || !ss_seal_take(space, block, seal, &twice))
        return true;
    if (SS_UNLIKELY(twice)) {
        ss_report(SUPERSLAB_ERROR_DOUBLE_FREE, block);
        return false;
    }
    const superslab_error error = seal_error(seal, SS_TRAILER_MALLOC, SS_SIZE_ANY);
    if (SS_LIKELY(error == SUPERSLAB_OK))
        return true;
    ss_seal_put_back(space, block, seal);
    report_seal(error, block, seal, resized);
    return false;
}

SS_NOINLINE void *ss_malloc_exchange(size_t size, unsigned bin, ss_cold_malloc *cold,
                                     ss_trailer_kind kind) {
    ss_thread *self = ss_thread_self();
    /* A parker may just have closed the thread: it finds the thread inside, and opens it again. */
    ss_heap *heap = atomic_load_explicit(&self->heap, SS_ORDER_IS_OPEN);
    void *block =
        heap != NULL && ss_outlet_turn(heap, bin) ? ss_heap_pop(heap, ss_bin_outlet(bin)) : NULL;
    if (SS_UNLIKELY(block == NULL))
        return cold(size);
    ss_header_set(block, (uint8_t)bin);
    const size_t usable = ss_class_headed_usable(ss_bin_class(bin));
    const uint64_t word = ss_trailer_word(block);
    if (SS_HARDENED >= 2 && SS_UNLIKELY(!ss_scrub_is_whole(block, usable, (uint32_t)(word + size))))
        return ss_malloc_written(block, size, usable, kind);
    ss_trailer_set_by(block, size, usable, kind, word);
    ss_thread_leave(self);
    return block;
}

SS_COLD void *ss_malloc_written(void *block, size_t size, size_t usable, ss_trailer_kind kind) {
    const char *written = block;
    while (*written == 0 && written < (char *)block + usable - SS_TRAILER_CODE_BYTES - 1)
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
