/* inspect of addresses that are not superslab's: never a fault. */
#include "check.h"
#include "stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static superslab_address_kind kind_of(uintptr_t address) {
    superslab_inspection found;
    superslab_inspect(address, &found);
    CHECK_EQ(found.block, 0);
    CHECK_EQ(found.usable_size, 0);
    CHECK_EQ(found.stride, 0);
    return found.kind;
}

#define CHECK_KIND(address, expected) CHECK_EQ(kind_of((uintptr_t)(address)), expected)

static void nowhere(void) {
    static const uintptr_t addresses[] = {0,
                                          1,
                                          15,
                                          4095,
                                          0x7fffffffffff,
                                          0x800000000000,
                                          0xdeadbeefdeadbeef,
                                          0xaaaaaaaaaaaaaaaa,
                                          0xffff800000000000,
                                          0xffffffff81000000,
                                          UINTPTR_MAX - 4096,
                                          UINTPTR_MAX - 15,
                                          UINTPTR_MAX};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        CHECK_KIND(addresses[i], SUPERSLAB_ADDRESS_NO_ACCESS);
}

/* Three pages: readable, PROT_NONE, and after munmap of the third, a hole. */
static void beside_holes(void) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    pages[0] = 1;
    CHECK_KIND(pages, SUPERSLAB_ADDRESS_FOREIGN);
    CHECK_KIND(pages + 3 * page - 1, SUPERSLAB_ADDRESS_FOREIGN); /* not touched yet */
    CHECK_EQ(mprotect(pages + page, page, PROT_NONE), 0);
    CHECK_KIND(pages + page - 1, SUPERSLAB_ADDRESS_FOREIGN);
    CHECK_KIND(pages + page, SUPERSLAB_ADDRESS_NO_ACCESS);
    CHECK_KIND(pages + 2 * page - 1, SUPERSLAB_ADDRESS_NO_ACCESS);
    CHECK_KIND(pages + 2 * page, SUPERSLAB_ADDRESS_FOREIGN);
    CHECK_EQ(mprotect(pages, page, PROT_READ), 0);
    CHECK_KIND(pages, SUPERSLAB_ADDRESS_FOREIGN);
    CHECK_EQ(munmap(pages + 2 * page, page), 0);
    CHECK_KIND(pages + 2 * page, SUPERSLAB_ADDRESS_NO_ACCESS);
    CHECK_KIND(pages + 2 * page + 16, SUPERSLAB_ADDRESS_NO_ACCESS);
    CHECK_EQ(munmap(pages, 2 * page), 0);
    CHECK_KIND(pages, SUPERSLAB_ADDRESS_NO_ACCESS);
}

/* A read beyond the end of a mapped file is a bus error. */
static void behind_a_file(void) {
    FILE *file = tmpfile();
    CHECK(file != NULL);
    void *mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(file), 0);
    CHECK(mapped != MAP_FAILED);
    CHECK_KIND(mapped, SUPERSLAB_ADDRESS_NO_ACCESS);
    CHECK_EQ(munmap(mapped, 4096), 0);
    fclose(file);
}

int main(void) {
    static int variable;
    int local = 0;
    void *theirs = malloc(100);
    CHECK(theirs != NULL);
    const superslab_stats before = stats_start();
    for (int round = 0; round < 2; round++) {
        CHECK_KIND(theirs, SUPERSLAB_ADDRESS_FOREIGN);
        CHECK_KIND((char *)theirs + 7, SUPERSLAB_ADDRESS_FOREIGN);
        CHECK_KIND(&local, SUPERSLAB_ADDRESS_FOREIGN);
        CHECK_KIND(&variable, SUPERSLAB_ADDRESS_FOREIGN);
        CHECK_KIND(main, SUPERSLAB_ADDRESS_FOREIGN);
        CHECK_KIND("a constant", SUPERSLAB_ADDRESS_FOREIGN);
        nowhere();
        beside_holes();
        behind_a_file();
        void *ours = superslab_malloc(100); /* again with the heap in use */
        CHECK(ours != NULL);
        superslab_free(ours);
    }
    CHECK_GT(stats_now().guarded_reads, before.guarded_reads);
    CHECK_EQ(stats_now().live_blocks, before.live_blocks);
    free(theirs);
}
