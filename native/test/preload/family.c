/* Each function of malloc's family does what the C library documents. */
#define _GNU_SOURCE
#include "check.h"
#include "pattern.h"
#include "served.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* C23's, which this C library may not have yet. */
static void (*sized_free)(void *block, size_t size);
static void (*aligned_sized_free)(void *block, size_t alignment, size_t size);

/* Hidden from the compiler, which knows malloc and would refuse or remove. */
static void *volatile sink;
static volatile size_t huge = SIZE_MAX / 2 + 1, odd = 24;

static bool is_aligned(const void *block, size_t alignment) {
    return block != NULL && (uintptr_t)block % alignment == 0;
}

static void check_sizes(void) {
    for (size_t size = 0; size < 200000; size += 1 + size / 7) {
        char *block = malloc(size);
        CHECK(is_aligned(block, 16));
        CHECK_GE(malloc_usable_size(block), size);
        memset(block, 1, malloc_usable_size(block));
        sized_free(block, size);
    }
    CHECK_EQ(malloc_usable_size(NULL), 0);
    free(NULL);
}

static void check_refusals(void) {
    errno = 0;
    CHECK((sink = malloc(huge)) == NULL);
    CHECK_EQ(errno, ENOMEM);
    errno = 0;
    CHECK((sink = calloc(huge, 4)) == NULL);
    CHECK_EQ(errno, ENOMEM);
    errno = 0;
    CHECK((sink = reallocarray(NULL, huge, 4)) == NULL);
    CHECK_EQ(errno, ENOMEM);
    errno = 0;
#ifdef __GLIBC__
    CHECK((sink = pvalloc(SIZE_MAX)) == NULL);
    CHECK_EQ(errno, ENOMEM);
#endif
}

static void check_realloc(void) {
    char *block = realloc(NULL, 100);
    pattern_fill(block, 100, 1);
    block = realloc(block, 100000);
    CHECK(pattern_intact(block, 100, 1));
    block = reallocarray(block, 10, 10);
    CHECK(pattern_intact(block, 100, 1));
    char *kept = block;
    CHECK((sink = realloc(kept, huge)) == NULL);
    CHECK(pattern_intact(kept, 100, 1));
    /* glibc's way, on which programs rely: size 0 frees and is not a failure. */
    CHECK((sink = realloc(kept, 0)) == NULL);
}

static void check_alignment(void) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t alignment = 8; alignment <= 4 << 20; alignment *= 2) {
        void *block = NULL;
        errno = 0;
        CHECK_EQ(posix_memalign(&block, alignment, 1000), 0);
        CHECK(is_aligned(block, alignment));
        free(block);
        CHECK(is_aligned(block = memalign(alignment, 1000), alignment));
        aligned_sized_free(block, alignment, 1000);
        CHECK(is_aligned(block = aligned_alloc(alignment, alignment), alignment));
        aligned_sized_free(block, alignment, alignment);
        CHECK_EQ(errno, 0);
    }
    void *block = &block;
    CHECK_EQ(posix_memalign(&block, 24, 10), EINVAL);
    CHECK_EQ(posix_memalign(&block, 4, 10), EINVAL);
    CHECK_EQ(posix_memalign(&block, 64, huge), ENOMEM);
    CHECK(block == &block);
    CHECK_EQ(errno, 0);
    CHECK(is_aligned(block = memalign(odd, 10), 32)); /* rounded up */
    free(block);
    CHECK(is_aligned(block = valloc(10), page));
    free(block);
#ifdef __GLIBC__
    CHECK(is_aligned(block = pvalloc(page + 1), page));
    CHECK_GE(malloc_usable_size(block), 2 * page);
    free(block);
#endif
}

static void check_errno(void) {
    void *blocks[] = {malloc(10), malloc(60000), malloc(3 << 20), memalign(4096, 10)};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        errno = 4711;
        free(blocks[i]);
        CHECK_EQ(errno, 4711);
    }
}

#ifdef __GLIBC__                                           /* musl has none of it */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* mallinfo, in favour of mallinfo2 */

/* One line, whose format no program relies on. */
static void check_statistics(void) {
    char text[1024] = "";
    int ends[2];
    const int saved = dup(STDERR_FILENO);
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    malloc_stats();
    CHECK_EQ(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    CHECK_GT(read(ends[0], text, sizeof text - 1), 0);
    CHECK(strncmp(text, "superslab: pid=", 15) == 0);
    CHECK(strchr(text, '\n') == text + strlen(text) - 1);
    close(saved);
    close(ends[0]);
    close(ends[1]);
}

static void check_older_information(void) {
    const struct mallinfo2 wide = mallinfo2();
    const struct mallinfo narrow = mallinfo();
    CHECK_EQ(narrow.uordblks, wide.uordblks);
    CHECK_EQ(narrow.hblkhd, wide.hblkhd);
    check_statistics();
    /* No header has declared it since glibc 2.26; old binaries call it. */
    void (*old_free)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "cfree");
    CHECK(old_free != NULL);
    old_free(malloc(100));
    CHECK_EQ(mallinfo2().uordblks, wide.uordblks);
}

static void check_information(void) {
    const struct mallinfo2 before = mallinfo2();
    void *small = malloc(1000), *large = malloc(10 << 20);
    const struct mallinfo2 after = mallinfo2();
    CHECK_GE(after.uordblks, before.uordblks + 1000);
    CHECK_GE(after.hblkhd, before.hblkhd + (10 << 20));
    free(small);
    free(large);
    CHECK_EQ(mallinfo2().uordblks, before.uordblks);
    for (unsigned i = 0; i < 100; i++) /* one stays in the thread's large cache */
        free(malloc(1 << 20));
    CHECK_EQ(mallinfo2().uordblks, before.uordblks);
    CHECK_EQ(mallopt(M_MMAP_THRESHOLD, 65536), 1);
    CHECK_EQ(malloc_trim(0), 1);
    check_older_information();

    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    CHECK_EQ(malloc_info(0, stream), 0);
    CHECK_EQ(malloc_info(1, stream), -1);
    fclose(stream);
    CHECK(strstr(text, "superslab") != NULL);
    free(text);
}
#endif

int main(void) {
    served_api();
    sized_free = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
    aligned_sized_free =
        (void (*)(void *, size_t, size_t))dlsym(RTLD_DEFAULT, "free_aligned_sized");
    check_sizes();
    check_refusals();
    check_realloc();
    check_alignment();
    check_errno();
#ifdef __GLIBC__
    check_information();
#endif
    served_churn(42, 200000, 300000);
}
