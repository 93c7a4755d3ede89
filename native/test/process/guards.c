/* Whatever a program can write, no linear overflow leaves one kind of memory for another: on either side of what is
 * usable of a space, of metadata and of the blocks of no bytes lie inaccessible addresses, a granule of them at
 * least. That holds while a space grows, after it was extended, and where addresses are limited and all are in use. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "superslab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { GRANULE = 64 << 10, AREAS_MAX = 4096, BLOCKS = 1 << 16 };

#ifdef __linux__

typedef struct area {
    uintptr_t start, end;
    bool access, plain; /* anything but ---p; without a file or a name */
} area;

static area areas[AREAS_MAX];

static size_t areas_read(void) {
    size_t count = 0;
    char line[1024];
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        char *rest;
        CHECK_LT(count, AREAS_MAX);
        areas[count].start = strtoull(line, &rest, 16);
        areas[count].end = strtoull(rest + 1, &rest, 16);
        areas[count].access = strncmp(rest, " ---p", 5) != 0;
        areas[count].plain = strstr(line, " 00:00 0 ") != NULL && strchr(line, '[') == NULL;
        count++;
    }
    fclose(maps);
    return count;
}

/* What can be accessed around the address lies between inaccessible addresses. */
static void guarded(const void *block) {
    const size_t count = areas_read();
    size_t at = 0;
    while (at < count && areas[at].end <= (uintptr_t)block)
        at++;
    CHECK_LT(at, count);
    CHECK(areas[at].start <= (uintptr_t)block && areas[at].plain);
    size_t first = at, last = at;
    while (areas[first].access && areas[first - 1].end == areas[first].start &&
           areas[first - 1].access)
        first--;
    while (areas[last].access && areas[last + 1].start == areas[last].end && areas[last + 1].access)
        last++;
    if (!areas[at].access) /* a block of no bytes */
        return;
    CHECK_EQ(areas[first - 1].end, areas[first].start);
    CHECK_GE(areas[first - 1].end - areas[first - 1].start, GRANULE);
    CHECK_EQ(areas[last + 1].start, areas[last].end);
    CHECK_GE(areas[last + 1].end - areas[last + 1].start, GRANULE);
    CHECK(areas[last + 1].plain && areas[first - 1].plain);
}

static void all_kinds(void) {
    void *headed = block_new(100), *aligned = block_new_aligned(64, 100),
         *large = block_new(1 << 20);
    guarded(headed);
    guarded(aligned);
    guarded(large);
    guarded(block_new(0));
}

/* Grown by steps, and beyond the addresses that were reserved first. */
static void grown(void *unused) {
    (void)unused;
    all_kinds();
    for (unsigned i = 0; i < 40; i++) {
        void *large = block_new((size_t)64 << 20); /* not touched */
        guarded(large);
        for (unsigned j = 0; j < 200; j++)
            (void)block_new(40000);
        guarded(block_new(40000));
    }
    all_kinds();
}

/* Until all addresses of all spaces are in use. */
static void used_up(void *unused) {
    (void)unused;
    const rlim_t bytes = (rlim_t)400 << 20;
    const struct rlimit limit = {bytes, bytes};
    CHECK_EQ(setrlimit(RLIMIT_AS, &limit), 0);
    static void *blocks[BLOCKS];
    size_t count = 0;
    while (count < BLOCKS &&
           (blocks[count] = superslab_malloc(count % 2 == 0 ? 60000 : 100000)) != NULL)
        count++;
    CHECK_GT(count, 1000);
    CHECK_LT(count, BLOCKS);
    for (size_t i = count - 20; i < count; i++)
        superslab_free(blocks[i]); /* for what the C library needs below */
    for (size_t i = 0; i < count - 20; i += 50)
        guarded(blocks[i]);
}

int main(void) {
    if (CHECK_SANITIZED || CHECK_EMULATED)
        check_skip("a sanitizer or an emulator has mappings of its own beside these");
    child_result result = child_run(grown, NULL);
    child_check_clean(&result);
    /* Hardened, what is freed at the end leaves the C library no addresses to read the mappings with. */
    if (!CHECK_HARDENED) {
        result = child_run(used_up, NULL);
        child_check_clean(&result);
    }
}

#else

int main(void) {
    check_skip("mappings are read from /proc");
}

#endif
