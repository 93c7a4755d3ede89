#include "superslab.h"
#include "workload.h"

#include <stdlib.h>
#include <string.h>

/* Called through the dynamic linker, so that a preloaded allocator serves "system": that is how other
 * allocators are measured. */
const bench_allocator bench_allocators[] = {
    {"superslab", superslab_malloc, superslab_calloc, superslab_realloc, superslab_aligned_alloc,
     superslab_free},
    {"system", malloc, calloc, realloc, aligned_alloc, free},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};

const bench_allocator *bench_allocator_find(const char *name) {
    for (const bench_allocator *allocator = bench_allocators; allocator->name != NULL; allocator++)
        if (strcmp(allocator->name, name) == 0)
            return allocator;
    return NULL;
}
