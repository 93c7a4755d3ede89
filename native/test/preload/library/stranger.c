/* A library that is opened with RTLD_DEEPBIND, and has a folder of its own to search. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
EXPORT void *stranger_malloc(size_t size);
EXPORT void stranger_free(void *block);
EXPORT void *stranger_open(const char *name, int mode);

/* The C library allocates; this library frees, before dlopen returns. */
__attribute__((constructor)) static void construct(void) {
    free(strdup("allocated by the C library"));
}

void *stranger_malloc(size_t size) {
    return malloc(size);
}

void stranger_free(void *block) {
    free(block);
}

void *stranger_open(const char *name, int mode) {
    /* Not the last call: then the program would be the caller. */
    void *volatile library = dlopen(name, mode);
    return library;
}
