/* A library that is loaded with RTLD_DEEPBIND, so that it calls the C library's malloc directly. */
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))
EXPORT void *stranger_malloc(size_t size);
EXPORT void stranger_free(void *block);

void *stranger_malloc(size_t size) {
    return malloc(size);
}

void stranger_free(void *block) {
    free(block);
}
