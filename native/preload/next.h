/* The definitions that would serve the process without this library. */
#ifndef SS_PRELOAD_NEXT_H
#define SS_PRELOAD_NEXT_H

#include "preload.h"

#include "base/sealed.h"

/* Each has its place in the page of pointers that is read-only: core/sealed.h. */
#define PRELOAD_NEXT_NAMES(name)                                                                   \
    name(malloc) name(free) name(calloc) name(realloc) name(reallocarray) name(aligned_alloc)      \
        name(memalign) name(posix_memalign) name(valloc) name(pvalloc) name(malloc_usable_size)    \
            name(malloc_trim) name(mallopt) name(malloc_stats) name(malloc_info) name(mallinfo)    \
                name(mallinfo2) name(_Znwm) name(_Znam) name(_ZnwmRKSt9nothrow_t)                  \
                    name(_ZnamRKSt9nothrow_t) name(_ZnwmSt11align_val_t)                           \
                        name(_ZnamSt11align_val_t) name(_ZnwmSt11align_val_tRKSt9nothrow_t)        \
                            name(_ZnamSt11align_val_tRKSt9nothrow_t) name(_ZdlPv) name(_ZdaPv)     \
                                name(_ZdlPvSt11align_val_t) name(_ZdaPvSt11align_val_t)            \
                                    name(unshare) name(setns) name(dlopen)

typedef enum preload_next {
#define PRELOAD_NEXT_PLACE(name) PRELOAD_NEXT_##name,
    PRELOAD_NEXT_NAMES(PRELOAD_NEXT_PLACE)
#undef PRELOAD_NEXT_PLACE
        PRELOAD_NEXT_COUNT
} preload_next;

/* The next definition. NULL if there is none; each call looks again, since a library may be loaded later. */
ss_code *preload_find_next(preload_next place, const char *name);

/* PRELOAD_NEXT(name, type): the next definition of a function, as a pointer to `type`. */
#define PRELOAD_NEXT(name, type) ((type *)preload_find_next(PRELOAD_NEXT_##name, #name))

#endif
