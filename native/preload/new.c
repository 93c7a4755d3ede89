/* The operators new and delete of C++, without C++'s runtime, which this library does not bring into a process.
 *
 * Without memory, C++ calls the new-handler and at last throws. The runtime's own operator, the next definition
 * of the same name, does that: it takes its memory from malloc, which is this library's. */
#include "base/report.h"
#include "front/hot.h"
#include "malloc.h"
#include "next.h"

/* std::nothrow_t and its only value, of which only the type matters. */
typedef struct nothrow_tag {
    char unused;
} nothrow_tag;

typedef void *new_function(size_t size);
typedef void *new_nothrow_function(size_t size, const nothrow_tag *tag);
typedef void *new_aligned_function(size_t size, size_t alignment);
typedef void *new_aligned_nothrow_function(size_t size, size_t alignment, const nothrow_tag *tag);
typedef void delete_function(void *block);
typedef void delete_aligned_function(void *block, size_t alignment);

/* ---- without a runtime ---- */

static _Noreturn SS_COLD void no_memory(void) {
    static const char text[] = "superslab: operator new: out of memory\n";
    ss_os_write_error(text, sizeof text - 1);
    ss_os_abort();
}

static void *must_have(void *block) {
    if (block == NULL)
        no_memory();
    return block;
}

/* These operators are only given alignments that are powers of two. */
static void *any_aligned(size_t size, size_t alignment) {
    return preload_serves() ? superslab_aligned_alloc(alignment, size) : memalign(alignment, size);
}

/* Hardened: what cold paths allocated, as malloc's, becomes new's or new[]'s. */
static void *as_kind(void *block, ss_trailer_kind kind) {
    return SS_HARDENED && preload_serves() ? ss_block_kind_set(block, kind) : block;
}

/* NULL without memory, and in a process that is not served. */
static void *new_rest(size_t size, ss_call call) {
    return preload_serves() ? ss_malloc_as(call, size) : NULL;
}

static SS_COLD void *new_as(size_t size) {
    static const ss_malloc_kind kind = {SS_CALL_NEW, new_rest};
    return ss_is_watched() ? ss_malloc_first(size, &kind) : new_rest(size, SS_CALL_NEW);
}

/* ---- new ----
 * Each under the name that the compiler gives it. */

#define NEW(symbol, kind)                                                                          \
    PRELOAD_EXPORT new_function symbol;                                                            \
    static SS_COLD void *symbol##_cold(size_t size) {                                              \
        void *block = new_as(size);                                                                \
        if (block != NULL)                                                                         \
            return as_kind(block, kind);                                                           \
        new_function *next = PRELOAD_NEXT(symbol, new_function);                                   \
        return as_kind(next != NULL ? next(size) : must_have(preload_malloc_cold(size)), kind);    \
    }                                                                                              \
    void *symbol(size_t size) { return ss_malloc_hot_as(size, symbol##_cold, kind); }

#define NEW_NOTHROW(symbol, kind)                                                                  \
    PRELOAD_EXPORT new_nothrow_function symbol;                                                    \
    static SS_COLD void *symbol##_cold(size_t size) {                                              \
        static const nothrow_tag tag;                                                              \
        void *block = new_as(size);                                                                \
        if (block != NULL)                                                                         \
            return as_kind(block, kind);                                                           \
        new_nothrow_function *next = PRELOAD_NEXT(symbol, new_nothrow_function);                   \
        return as_kind(next != NULL ? next(size, &tag) : preload_malloc_cold(size), kind);         \
    }                                                                                              \
    void *symbol(size_t size, const nothrow_tag *tag) {                                            \
        return ss_malloc_hot_as(size, symbol##_cold, kind);                                        \
    }

#define NEW_ALIGNED(symbol, kind)                                                                  \
    PRELOAD_EXPORT new_aligned_function symbol;                                                    \
    static SS_COLD void *symbol##_cold(size_t alignment, size_t size) {                            \
        void *block =                                                                              \
            preload_serves() ? ss_aligned_as(SS_CALL_NEW_ALIGNED, alignment, size) : NULL;         \
        if (block != NULL)                                                                         \
            return block;                                                                          \
        new_aligned_function *next = PRELOAD_NEXT(symbol, new_aligned_function);                   \
        return next != NULL ? next(size, alignment) : must_have(any_aligned(size, alignment));     \
    }                                                                                              \
    void *symbol(size_t size, size_t alignment) {                                                  \
        return as_kind(ss_aligned_hot(alignment, size, symbol##_cold), kind);                      \
    }

#define NEW_ALIGNED_NOTHROW(symbol, kind)                                                          \
    PRELOAD_EXPORT new_aligned_nothrow_function symbol;                                            \
    static SS_COLD void *symbol##_cold(size_t alignment, size_t size) {                            \
        static const nothrow_tag tag;                                                              \
        void *block =                                                                              \
            preload_serves() ? ss_aligned_as(SS_CALL_NEW_ALIGNED, alignment, size) : NULL;         \
        if (block != NULL)                                                                         \
            return block;                                                                          \
        new_aligned_nothrow_function *next = PRELOAD_NEXT(symbol, new_aligned_nothrow_function);   \
        return next != NULL ? next(size, alignment, &tag) : any_aligned(size, alignment);          \
    }                                                                                              \
    void *symbol(size_t size, size_t alignment, const nothrow_tag *tag) {                          \
        return as_kind(ss_aligned_hot(alignment, size, symbol##_cold), kind);                      \
    }

NEW(_Znwm, SS_TRAILER_NEW)
NEW(_Znam, SS_TRAILER_ARRAY)
NEW_NOTHROW(_ZnwmRKSt9nothrow_t, SS_TRAILER_NEW)
NEW_NOTHROW(_ZnamRKSt9nothrow_t, SS_TRAILER_ARRAY)
NEW_ALIGNED(_ZnwmSt11align_val_t, SS_TRAILER_NEW)
NEW_ALIGNED(_ZnamSt11align_val_t, SS_TRAILER_ARRAY)
NEW_ALIGNED_NOTHROW(_ZnwmSt11align_val_tRKSt9nothrow_t, SS_TRAILER_NEW)
NEW_ALIGNED_NOTHROW(_ZnamSt11align_val_tRKSt9nothrow_t, SS_TRAILER_ARRAY)

/* ---- delete ----
 * The default build ignores the size: programs that delete through a base without a virtual destructor pass a wrong one,
 * which the runtime's operators ignore too. Hardened, it must be that of the request. */

#define DELETE_AS(symbol, plain, call)                                                             \
    static SS_COLD void symbol##_cold(void *block) {                                               \
        delete_function *next = NULL;                                                              \
        if (!preload_serves())                                                                     \
            next = PRELOAD_NEXT(plain, delete_function);                                           \
        if (next != NULL)                                                                          \
            next(block);                                                                           \
        else                                                                                       \
            preload_free_as(block, call);                                                          \
    }

#define DELETE(symbol, kind)                                                                       \
    PRELOAD_EXPORT delete_function symbol;                                                         \
    DELETE_AS(symbol, symbol, SS_CALL_DELETE)                                                      \
    void symbol(void *block) { ss_free_hot_as(block, symbol##_cold, kind, SS_SIZE_ANY); }

/* As DELETE, with an unused nothrow_t. */
#define DELETE_NOTHROW(symbol, plain, kind)                                                        \
    PRELOAD_EXPORT void symbol(void *block, const nothrow_tag *tag);                               \
    void symbol(void *block, const nothrow_tag *tag) {                                             \
        ss_free_hot_as(block, plain##_cold, kind, SS_SIZE_ANY);                                    \
    }

/* With a size. */
#define DELETE_SIZED(symbol, plain, kind)                                                          \
    PRELOAD_EXPORT void symbol(void *block, size_t size);                                          \
    DELETE_AS(symbol, plain, SS_CALL_DELETE_SIZED)                                                 \
    void symbol(void *block, size_t size) {                                                        \
        ss_free_hot_as(block, symbol##_cold, kind, ss_size_given(size));                           \
    }

static SS_NOINLINE void delete_aligned_cold(void *block) {
    if (block != NULL && !ss_free_aligned_hot(block))
        preload_free_further(block, SS_CALL_DELETE_ALIGNED);
}

#define DELETE_ALIGNED(symbol, kind)                                                               \
    PRELOAD_EXPORT delete_aligned_function symbol;                                                 \
    static void symbol##_here(void *block, size_t alignment, size_t asked) {                       \
        delete_aligned_function *next = NULL;                                                      \
        if (block != NULL && !preload_serves())                                                    \
            next = PRELOAD_NEXT(symbol, delete_aligned_function);                                  \
        if (next != NULL)                                                                          \
            next(block, alignment);                                                                \
        else                                                                                       \
            ss_free_hot_as(block, delete_aligned_cold, kind, asked);                               \
    }                                                                                              \
    void symbol(void *block, size_t alignment) { symbol##_here(block, alignment, SS_SIZE_ANY); }

#define DELETE_ALIGNED_SIZED(symbol, plain)                                                        \
    PRELOAD_EXPORT void symbol(void *block, size_t size, size_t alignment);                        \
    void symbol(void *block, size_t size, size_t alignment) {                                      \
        plain##_here(block, alignment, ss_size_given(size));                                       \
    }

#define DELETE_ALIGNED_NOTHROW(symbol, plain)                                                      \
    PRELOAD_EXPORT void symbol(void *block, size_t alignment, const nothrow_tag *tag);             \
    void symbol(void *block, size_t alignment, const nothrow_tag *tag) {                           \
        plain##_here(block, alignment, SS_SIZE_ANY);                                               \
    }

DELETE(_ZdlPv, SS_TRAILER_NEW)
DELETE(_ZdaPv, SS_TRAILER_ARRAY)
DELETE_SIZED(_ZdlPvm, _ZdlPv, SS_TRAILER_NEW)
DELETE_SIZED(_ZdaPvm, _ZdaPv, SS_TRAILER_ARRAY)
DELETE_NOTHROW(_ZdlPvRKSt9nothrow_t, _ZdlPv, SS_TRAILER_NEW)
DELETE_NOTHROW(_ZdaPvRKSt9nothrow_t, _ZdaPv, SS_TRAILER_ARRAY)
DELETE_ALIGNED(_ZdlPvSt11align_val_t, SS_TRAILER_NEW)
DELETE_ALIGNED(_ZdaPvSt11align_val_t, SS_TRAILER_ARRAY)
DELETE_ALIGNED_SIZED(_ZdlPvmSt11align_val_t, _ZdlPvSt11align_val_t)
DELETE_ALIGNED_SIZED(_ZdaPvmSt11align_val_t, _ZdaPvSt11align_val_t)
DELETE_ALIGNED_NOTHROW(_ZdlPvSt11align_val_tRKSt9nothrow_t, _ZdlPvSt11align_val_t)
DELETE_ALIGNED_NOTHROW(_ZdaPvSt11align_val_tRKSt9nothrow_t, _ZdaPvSt11align_val_t)
