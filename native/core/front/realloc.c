#include "background/attend.h"
#include "base/report.h"
#include "front/counted.h"
#include "front/guarded.h"
#include "front/hot.h"
#include "front/init.h"
#include "heap/claim.h"
#include "heap/large_cache.h"
#include "heap/share.h"
#include "space/large.h"

#include <errno.h>
#include <string.h>

/* A block stays in place for a smaller size, unless more than half of it would be unused and another class would serve
 * the size. */
static bool fits(size_t usable, unsigned bin, size_t size) {
    return size <= usable && (size >= usable / 2 || ss_share_serves(bin, ss_exact_bin(size)));
}

/* The caller tells an observer of the whole realloc. */
static SS_COLD void *malloc_cold(size_t size) {
    void *block = ss_is_guarded() ? ss_guarded_malloc(size, 1) : NULL;
    if (block == NULL)
        block = ss_malloc_quiet(size);
    return ss_is_profiled() ? ss_counted(block, size) : block;
}

/* Copies into a new block; errno is set when there is none. */
static void *copy(void *block, size_t usable, size_t size) {
    void *fresh = ss_malloc_hot(size, malloc_cold);
    if (fresh == NULL)
        return NULL;
    memcpy(fresh, block, size < usable ? size : usable);
    ss_free_hot(block, ss_free_quiet);
    return fresh;
}

/* A large block that changes in place counts as freed and allocated, like one that moves. */
static SS_COLD void *changed(const void *before, void *after, size_t size) {
    if (after == before)
        ss_counted_free(before);
    return ss_counted(after, size);
}

/* Hardened: moves or copies a large block that is claimed meanwhile. */
static void *resize_claimed(const ss_block *found, void *block, size_t size) {
    const uint32_t count = ss_claim(found->space, found->granule);
    const size_t usable = (size_t)count << SS_GRANULE_SHIFT;
    if (count == 0) { /* another thread has freed it since it was looked up */
        ss_report(SUPERSLAB_ERROR_DOUBLE_FREE, block);
        errno = EINVAL;
        return NULL;
    }
    void *there = size > SS_SMALL_MAX && usable >= SS_MOVE_MIN_BYTES
                      ? ss_large_move(found->space, found->granule, size)
                      : NULL;
    if (there != NULL) {
        ss_claim_forget();
        ss_attend();
        return ss_is_profiled() && ss_counted_large(there) != usable ? changed(block, there, size)
                                                                     : there;
    }
    void *fresh = ss_malloc_hot(size, malloc_cold);
    if (fresh != NULL)
        memcpy(fresh, block, size < usable ? size : usable);
    ss_claim_end(found->space, found->granule, count);
    if (fresh != NULL)
        ss_free_quiet(block); /* its note is taken, so the hot path would not admit it */
    return fresh;
}

static void *resize_large(const ss_block *found, void *block, size_t size) {
    if (size <= SS_SMALL_MAX)
        return SS_HARDENED ? resize_claimed(found, block, size) : copy(block, found->usable, size);
    void *there = NULL;
    /* The span after the block may be in the thread's large cache. At level 2 a gap lies between them. */
    if (ss_large_resize(found->space, found->granule, size) ||
        (SS_HARDENED < 2 && ss_large_cache_give_back() &&
         ss_large_resize(found->space, found->granule, size)))
        there = block;
    else if (SS_HARDENED)
        return resize_claimed(found, block, size);
    else if (found->usable >= SS_MOVE_MIN_BYTES)
        there = ss_large_move(found->space, found->granule, size);
    if (there == NULL)
        return copy(block, found->usable, size);
    ss_attend();
    return ss_is_profiled() && ss_counted_large(there) != found->usable
               ? changed(block, there, size)
               : there;
}

/* Hardened: resizes a large block whose note was taken, and writes the new one. A block that is not large has its own. */
static void *resize_sealed(const ss_block *found, void *block, size_t size, const ss_seal *seal) {
    void *there = resize_large(found, block, size);
    if (there == NULL)
        ss_seal_put_back(found->space, block, seal);
    else if (size > SS_SMALL_MAX)
        ss_seal_large(there, size, SS_TRAILER_MALLOC);
    return there;
}

/* Hardened: resizes a block of `bin`, whose trailer is checked and written anew. */
static void *resize_hardened(void *block, unsigned bin, size_t size) {
    const size_t usable = ss_class_headed_usable(ss_bin_class(bin));
    if (SS_UNLIKELY(!ss_trailer_is_whole(block, usable, SS_TRAILER_MALLOC))) {
        ss_resize_broken(block);
        errno = EINVAL;
        return NULL;
    }
    if (size == 0 || !fits(usable - SS_TRAILER_BYTES, bin, size) || usable - size > SS_TRAILER_MOST)
        return copy(block, ss_trailer_size(block, usable), size);
    ss_trailer_move(block, size, usable);
    return block;
}

/* Resizes a block that has to be looked up in the registry. */
static SS_COLD void *resize_found(void *block, size_t size) {
    ss_process_init();
    ss_block found;
    ss_block_find((uintptr_t)block, &found);
    if (SS_UNLIKELY(found.state != SS_BLOCK_LIVE || found.start != (uintptr_t)block ||
                    ss_block_is_external(&found))) {
        ss_block_report(ss_block_error(&found, block), block);
        errno = EINVAL;
        return NULL;
    }
    if (size > PTRDIFF_MAX)
        return ss_no_memory();
    if (ss_block_is_empty(&found))
        return size == 0 ? block : copy(block, 0, size);
    if (SS_UNLIKELY(found.guarded)) /* exact: a block of another size is another block */
        return size == found.usable ? block : copy(block, found.usable, size);
    ss_seal seal;
    if (SS_HARDENED && !ss_resize_admits(block, &seal)) {
        errno = EINVAL;
        return NULL;
    }
    if (SS_HARDENED && !ss_space_is_headed(found.space) && size == found.usable) {
        ss_seal_put_back(found.space, block, &seal);
        return block;
    }
    if (found.slab == NULL)
        return SS_HARDENED ? resize_sealed(&found, block, size, &seal)
                           : resize_large(&found, block, size);
    if (SS_HARDENED && ss_space_is_headed(found.space))
        return resize_hardened(block, found.bin, size);
    const size_t usable = SS_HARDENED ? found.stride - SS_SEAL_BYTES : found.usable;
    if (size != 0 && fits(usable, found.bin, size)) { /* no other class serves a size of 0 */
        if (SS_HARDENED)
            ss_seal_aligned(block, found.bin, size, SS_TRAILER_MALLOC);
        return block;
    }
    return copy(block, found.usable, size);
}

static void *resize(void *block, size_t size) {
    const ss_class *class = ss_headed_class_exact(block);
    if (SS_UNLIKELY(class == NULL || size - 1 >= PTRDIFF_MAX)) /* 0 as well */
        return resize_found(block, size);
    if (SS_HARDENED)
        return resize_hardened(block, ss_header_get(block), size);
    const size_t usable = ss_class_headed_usable(class);
    return fits(usable, ss_header_get(block), size) ? block : copy(block, usable, size);
}

static SS_COLD void *resize_observed(void *block, size_t size) {
    const uint64_t ticket = ss_observe_resizing(block);
    return ss_observe_resized(ticket, block, resize(block, size), size);
}

void *ss_realloc_further(void *block, size_t size) {
    if (block == NULL)
        return superslab_malloc(size);
    return ss_is_observed() ? resize_observed(block, size) : resize(block, size);
}

SUPERSLAB_EXPORT void *superslab_realloc(void *block, size_t size) {
    return ss_realloc_hot(block, size, ss_realloc_further);
}

SUPERSLAB_EXPORT void *superslab_reallocarray(void *block, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return ss_no_memory();
    return superslab_realloc(block, bytes);
}
