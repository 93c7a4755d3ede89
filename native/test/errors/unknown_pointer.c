/* Pointers to memory that never was a block are reported, and never followed. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "report.h"
#include "stats.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void wrong(void *pointer) {
    superslab_free(pointer);
    reports_expect(SUPERSLAB_ERROR_UNKNOWN_POINTER, pointer);
    superslab_free_sized(pointer, 100);
    reports_expect(SUPERSLAB_ERROR_UNKNOWN_POINTER, pointer);
}

static void not_ours(void) {
    static _Alignas(64) char variable[256];
    _Alignas(64) char local[256];
    memset(local, 0xFF, sizeof local);
    memset(variable, 0xFF, sizeof variable);
    wrong(local + 64);
    wrong(local + 65);
    wrong(variable + 64);
    wrong(variable + 3);
    wrong((void *)(uintptr_t)16);
    wrong((void *)(uintptr_t)1);
    wrong((void *)(uintptr_t)0xdeadbeefdeadbeef);
    wrong((void *)UINTPTR_MAX);
    wrong((void *)(UINTPTR_MAX - 15));
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    memset(pages, 0xFF, 8192);
    wrong(pages);
    wrong(pages + 4096);
    CHECK_EQ(mprotect(pages, 4096, PROT_NONE), 0);
    wrong(pages);
    wrong(pages + 16);
    wrong(pages + 4096); /* the byte before it cannot be read */
    CHECK_EQ(munmap(pages, 8192), 0);
    wrong(pages + 16);
}

/* A block of libc's is misuse too, unless it goes to libc's free and is counted. */
static void of_libc(void) {
    void *theirs = malloc(100);
    const uint64_t foreign = stats_now().foreign_frees;
    superslab_free(theirs);
    if (stats_now().foreign_frees == foreign) {
        reports_expect(SUPERSLAB_ERROR_UNKNOWN_POINTER, theirs);
        free(theirs);
    }
    reports_take();
}

/* In superslab's own addresses, where no block is and perhaps nothing was ever made usable. */
static void in_the_region(void *distance) {
    const uintptr_t anchor = (uintptr_t)block_new(100);
    const uintptr_t address = anchor + *(size_t *)distance;
    superslab_inspection found;
    superslab_inspect(address, &found);
    if (found.kind != SUPERSLAB_ADDRESS_UNUSED)
        check_skip("not in the region");
    reports_start();
    superslab_free((void *)address);
    reports_expect(SUPERSLAB_ERROR_UNKNOWN_POINTER, (void *)address);
    superslab_free((void *)(address + 1));
    reports_expect(SUPERSLAB_ERROR_UNKNOWN_POINTER, (void *)(address + 1));
    superslab_free((void *)anchor);
    reports_expect_none();
}

int main(void) {
    const superslab_stats before = stats_start();
    reports_start();
    not_ours();
    of_libc();
    stats_check_returned(&before);

    unsigned tried = 0;
    for (size_t distance = 64 << 10; distance <= (size_t)1 << 40; distance *= 2) {
        const child_result result = child_run(in_the_region, &distance);
        if (result.signal == 0 && result.code == CHECK_SKIP_CODE)
            continue;
        tried++;
        child_check_clean(&result);
    }
    CHECK_GT(tried, 0);
    stats_check_returned(&before);
}
