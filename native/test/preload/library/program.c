/* A program that prints on stderr whether superslab serves it. With PROGRAM_NODE it exports a function that node
 * exports; with PROGRAM_OWN_MALLOC it defines a malloc of its own, but neither reallocarray nor
 * malloc_usable_size. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

#ifdef PROGRAM_NODE
EXPORT void napi_create_function(void);
void napi_create_function(void) {}
#endif

#ifdef PROGRAM_OWN_MALLOC
#include "libc_malloc.h"

EXPORT void *malloc(size_t size) {
    return LIBC_MALLOC(size);
}

EXPORT void *calloc(size_t count, size_t size) {
    return LIBC_CALLOC(count, size);
}

EXPORT void *realloc(void *block, size_t size) {
    return LIBC_REALLOC(block, size);
}

EXPORT void free(void *block) {
    LIBC_FREE(block);
}

/* The functions that this program does not define work on its blocks. */
static int others_work(void) {
    void *volatile block = malloc(100);
    if (malloc_usable_size(block) < 100 || malloc_usable_size(block) > 200)
        return 0;
    block = reallocarray(block, 10, 100);
    if (block == NULL || malloc_usable_size(block) < 1000)
        return 0;
    free(block);
    free(block = memalign(4096, 10));
    return posix_memalign((void **)&block, 64, 10) == 0 && (free(block), 1);
}
#else
static int others_work(void) {
    void *volatile block = malloc(100);
    block = reallocarray(block, 10, 100);
    if (block == NULL || malloc_usable_size(block) < 1000)
        return 0;
    free(block);
    free(block = memalign(4096, 10));
    return 1;
}
#endif

/* By name: musl has no malloc_info of its own. */
static int is_served(void) {
    int (*information)(int, FILE *) = (int (*)(int, FILE *))dlsym(RTLD_DEFAULT, "malloc_info");
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    int told = stream != NULL && information != NULL && information(0, stream) == 0;
    if (stream == NULL || fclose(stream) != 0)
        abort();
    int served = told && strstr(text, "superslab") != NULL;
    free(text);
    return served;
}

int main(int count, char **arguments) {
    if (count > 1) { /* below a program that is not served */
        execv(arguments[1], arguments + 1);
        return 1;
    }
    const char *answer = is_served() ? "serves" : "passes";
    if (!others_work())
        return 1;
    fprintf(stderr, "%s %s\n", answer, getenv("LD_PRELOAD") != NULL ? "kept" : "lost");
    return 0;
}
