/* Another malloc to preload. */
#define _GNU_SOURCE
#include "libc_malloc.h"

#define EXPORT __attribute__((visibility("default")))
EXPORT void *malloc(size_t size);
EXPORT void *calloc(size_t count, size_t size);
EXPORT void *realloc(void *block, size_t size);
EXPORT void free(void *block);

void *malloc(size_t size) {
    return LIBC_MALLOC(size);
}

void *calloc(size_t count, size_t size) {
    return LIBC_CALLOC(count, size);
}

void *realloc(void *block, size_t size) {
    return LIBC_REALLOC(block, size);
}

void free(void *block) {
    LIBC_FREE(block);
}
