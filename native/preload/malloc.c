/* malloc and its family under the names of the C library. */
#include "malloc.h"

#include "base/report.h"
#include "front/hot.h"
#include "guard/places.h"
#include "heap/large_cache.h"
#include "next.h"
#include "space/empty.h"

#include <errno.h>
#include <string.h>

typedef void *malloc_function(size_t size);
typedef void free_function(void *block);
typedef void *calloc_function(size_t count, size_t size); /* memalign and aligned_alloc as well */
typedef void *realloc_function(void *block, size_t size);
typedef void *reallocarray_function(void *block, size_t count, size_t size);
typedef int posix_memalign_function(void **block, size_t alignment, size_t size);
typedef size_t usable_size_function(void *block);

/* ---- foreign blocks ---- */

static bool is_foreign(const void *block) {
    return ss_headed_bin(block) == 0 && !ss_space_contains(ss_space_headless(), (uintptr_t)block) &&
           ss_space_find((uintptr_t)block) == NULL && !ss_empty_has((uintptr_t)block) &&
           !ss_places_contain((uintptr_t)block);
}

/* Whether another malloc may have made the block: that malloc reads the bytes before it, so a pointer into
 * memory that cannot be read is not passed on. */
static bool is_somebodys(const void *block) {
    uintptr_t address = (uintptr_t)block;
    uint8_t byte;
    ss_count_guarded_read();
    SS_ROUTE(GUARDED_READ, 1);
    return address % sizeof(void *) == 0 && ss_os_read_byte(address - 1, &byte);
}

static SS_COLD void free_foreign(void *block) {
    int saved = errno;
    free_function *next = PRELOAD_NEXT(free, free_function);
    ss_count_foreign_free();
    SS_ROUTE(FREE_FOREIGN, 1);
    if (next != NULL && is_somebodys(block))
        next(block);
    else
        ss_report(SUPERSLAB_ERROR_UNKNOWN_POINTER, block);
    errno = saved;
}

/* ---- malloc and free ---- */

static void *malloc_as(size_t size, ss_call call) {
    return preload_serves() ? ss_malloc_as(call, size)
                            : PRELOAD_NEXT(malloc, malloc_function)(size);
}

static SS_COLD void *malloc_further(size_t size) {
    static const ss_malloc_kind kind = {SS_CALL_MALLOC, malloc_as};
    /* a watched thread is served */
    return ss_is_watched() ? ss_malloc_first(size, &kind) : malloc_as(size, SS_CALL_MALLOC);
}

void *preload_malloc_cold(size_t size) {
    /* A thread that has a large cache is served. */
    void *block = size > SS_SMALL_MAX ? ss_large_cache_take(size) : NULL;
    return SS_LIKELY(block != NULL) ? block : malloc_further(size);
}

/* Of a served process. */
static void free_rest(void *block, ss_call call) {
    (void)call;
    if (is_foreign(block))
        free_foreign(block);
    else
        ss_free_elsewhere(block);
}

static SS_NOINLINE void free_unwatched(void *block, ss_call call) {
    if (preload_serves())
        free_rest(block, call);
    else
        PRELOAD_NEXT(free, free_function)(block);
}

/* Neither a small block nor an aligned one. */
SS_NOINLINE void preload_free_further(void *block, ss_call call) {
    if (ss_is_watched()) /* a watched thread is served */
        ss_free_watched(block, call, free_rest);
    else
        free_unwatched(block, call);
}

/* For a block outside of slabs. Kept apart, so that its register use does not slow down aligned blocks. */
static SS_NOINLINE void free_span(void *block) {
    if ((uintptr_t)block % SS_GRANULE_BYTES == 0 && SS_LIKELY(ss_large_cache_put(block)))
        SS_ROUTE(FREE_LARGE, 1);
    else
        preload_free_further(block, SS_CALL_FREE);
}

/* An aligned or a large block is ours, whether or not the process is served. */
void preload_free_cold(void *block) {
    if (!ss_free_aligned_hot(block))
        free_span(block);
}

SS_NOINLINE void preload_free_as(void *block, ss_call call) {
    if (block != NULL && !ss_free_aligned_hot(block))
        preload_free_further(block, call);
}

static void free_sized_cold(void *block) {
    preload_free_as(block, SS_CALL_FREE_SIZED);
}

PRELOAD_EXPORT void *malloc(size_t size) {
    return ss_malloc_hot(size, preload_malloc_cold);
}

PRELOAD_EXPORT void free(void *block) {
    ss_free_hot(block, preload_free_cold);
}

PRELOAD_EXPORT void cfree(void *block) {
    ss_free_hot(block, preload_free_cold);
}

PRELOAD_EXPORT void free_sized(void *block, size_t size) {
    /* A block that has a bin is ours, and serves the process. */
    if (!SS_HARDENED &&
        SS_LIKELY(size <= SS_SMALL_MAX && ss_headed_bin(block) == ss_bin_of_size(size)))
        ss_free_hot(block, free_sized_cold);
    else if (!preload_serves() || is_foreign(block))
        free_sized_cold(block);
    else
        superslab_free_sized(block, size);
}

PRELOAD_EXPORT void free_aligned_sized(void *block, size_t alignment, size_t size) {
    if (!preload_serves() || is_foreign(block))
        ss_free_hot(block, preload_free_cold);
    else
        superslab_free_aligned_sized(block, alignment, size);
}

PRELOAD_EXPORT void *calloc(size_t count, size_t size) {
    return preload_serves() ? superslab_calloc(count, size)
                            : PRELOAD_NEXT(calloc, calloc_function)(count, size);
}

/* ---- realloc ---- */

static void *resize(void *block, size_t size) {
    if (block == NULL)
        return superslab_malloc(size);
    if (size == 0) { /* as the C library does */
        ss_free_hot(block, preload_free_cold);
        return NULL;
    }
    /* A foreign block stays with its own malloc. */
    return ss_headed_bin(block) == 0 && is_foreign(block)
               ? PRELOAD_NEXT(realloc, realloc_function)(block, size)
               : ss_realloc_further(block, size);
}

static void *realloc_further(void *block, size_t size) {
    return preload_serves() ? resize(block, size)
                            : PRELOAD_NEXT(realloc, realloc_function)(block, size);
}

PRELOAD_EXPORT void *realloc(void *block, size_t size) {
    return ss_realloc_hot(block, size, realloc_further);
}

PRELOAD_EXPORT void *reallocarray(void *block, size_t count, size_t size) {
    size_t bytes;
    if (!preload_serves()) {
        reallocarray_function *next = PRELOAD_NEXT(reallocarray, reallocarray_function);
        if (next != NULL)
            return next(block, count, size);
    }
    if (__builtin_mul_overflow(count, size, &bytes))
        return ss_no_memory();
    return ss_realloc_hot(block, bytes, realloc_further);
}

/* ---- aligned ---- */

static SS_COLD void *aligned_cold(size_t alignment, size_t size) {
    return preload_serves() ? ss_aligned_cold(alignment, size)
                            : PRELOAD_NEXT(aligned_alloc, calloc_function)(alignment, size);
}

PRELOAD_EXPORT void *aligned_alloc(size_t alignment, size_t size) {
    return ss_aligned_hot(alignment, size, aligned_cold);
}

/* Any alignment: one that is no power of two is rounded up to it. */
PRELOAD_EXPORT void *memalign(size_t alignment, size_t size) {
    if (!preload_serves())
        return PRELOAD_NEXT(memalign, calloc_function)(alignment, size);
    if (alignment > SIZE_MAX / 2 + 1) {
        errno = EINVAL;
        return NULL;
    }
    size_t power = SS_ALIGNMENT;
    while (power < alignment)
        power *= 2;
    return superslab_aligned_alloc(power, size);
}

/* Leaves errno as it is. */
static SS_COLD void *posix_memalign_cold(size_t alignment, size_t size) {
    int saved = errno;
    void *block = NULL;
    if (preload_serves())
        block = ss_aligned_as(SS_CALL_POSIX_MEMALIGN, alignment, size);
    else if (PRELOAD_NEXT(posix_memalign, posix_memalign_function)(&block, alignment, size) != 0)
        block = NULL;
    errno = saved;
    return block;
}

PRELOAD_EXPORT int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    void *made = ss_aligned_hot(alignment, size, posix_memalign_cold);
    if (made == NULL)
        return ENOMEM;
    *block = made;
    return 0;
}

PRELOAD_EXPORT void *valloc(size_t size) {
    return preload_serves() ? superslab_aligned_alloc(ss_os_page_bytes(), size)
                            : PRELOAD_NEXT(valloc, malloc_function)(size);
}

/* Not in every C library. */
PRELOAD_EXPORT void *pvalloc(size_t size) {
    malloc_function *next = NULL;
    if (!preload_serves() && (next = PRELOAD_NEXT(pvalloc, malloc_function)) != NULL)
        return next(size);
    size_t page = ss_os_page_bytes(), whole;
    if (__builtin_add_overflow(size, page - 1, &whole))
        return ss_no_memory();
    return aligned_alloc(page, whole & ~(page - 1));
}

/* ---- asking ---- */

static SS_COLD size_t usable_size_cold(const void *block) {
    if (block == NULL)
        return 0;
    if (!preload_serves() || is_foreign(block))
        return PRELOAD_NEXT(malloc_usable_size, usable_size_function)((void *)(uintptr_t)block);
    return ss_usable_size_cold(block);
}

PRELOAD_EXPORT size_t malloc_usable_size(void *block) {
    return ss_usable_size_hot(block, usable_size_cold);
}
