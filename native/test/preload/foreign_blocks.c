/* Blocks of the C library's malloc, by the name under which nothing replaces it: their frees go to the C library, and
 * are counted. */
#define _GNU_SOURCE
#include "check.h"
#include "child.h"
#include "pattern.h"
#include "served.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { COUNT = 1000 };

#ifdef __GLIBC__
void *__libc_malloc(size_t size); /* NOLINT(bugprone-reserved-identifier) */
#else
static void *__libc_malloc(size_t size) { /* NOLINT(bugprone-reserved-identifier) */
    (void)size;
    check_skip("this C library's malloc has no other name");
    return NULL;
}
#endif

static uint64_t foreign_frees(const superslab_api *api) {
    superslab_stats now;
    api->functions->get_stats(&now);
    return now.foreign_frees;
}

static void free_unmapped(void *unused) {
    (void)unused;
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page, 4096);
    free(page + 64);
}

int main(void) {
    const superslab_api *api = served_api();
    void *own = __libc_malloc(100);
    superslab_inspection there;
    api->functions->inspect((uintptr_t)own, &there);
    CHECK_EQ(there.kind, SUPERSLAB_ADDRESS_FOREIGN); /* or the test shows nothing */
    free(own);

    const uint64_t before = foreign_frees(api);
    for (size_t i = 0; i < COUNT; i++) {
        const size_t size = 1 + i * 300;
        char *block = __libc_malloc(size);
        pattern_fill(block, size, i);
        CHECK_GE(malloc_usable_size(block), size);
        block = realloc(block, size + 100);
        CHECK(pattern_intact(block, size, i));
        errno = 4711;
        free(block);
        CHECK_EQ(errno, 4711);
    }
    CHECK_EQ(foreign_frees(api), before + COUNT);
    served_churn(42, 10000, 100000);

    /* A pointer that belongs to no malloc is not passed on. */
    const child_result result = child_run(free_unmapped, NULL);
    CHECK_EQ(result.signal, SIGABRT);
    CHECK(strstr(result.text, "superslab: unknown pointer") != NULL);
}
