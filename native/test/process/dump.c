/* A core dump has the usable memory, and none of the addresses that are only reserved. The test reads the kernel's
 * flags of each mapping, which a debugger's gcore uses too. */
#include "block.h"
#include "check.h"
#include "isolate.h"
#include "limit.h"
#include "stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__

typedef struct sum {
    uint64_t dumped, left_out; /* bytes */
    uint64_t usable_left_out, reserved_dumped;
} sum;

/* Of anonymous mappings without a name. */
static sum mappings(void) {
    sum all = {0};
    char line[1024], access[8] = "";
    uint64_t bytes = 0;
    FILE *maps = fopen("/proc/self/smaps", "r");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        uint64_t start, end;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &start, &end, access) == 3)
            bytes =
                strstr(line, " 00:00 0 ") != NULL && strchr(line, '[') == NULL ? end - start : 0;
        if (strncmp(line, "VmFlags:", 8) != 0)
            continue;
        const bool out = strstr(line, " dd") != NULL, usable = access[0] == 'r';
        *(out ? &all.left_out : &all.dumped) += bytes;
        all.usable_left_out += out && usable ? bytes : 0;
        all.reserved_dumped += out || usable ? 0 : bytes;
    }
    fclose(maps);
    return all;
}

/* The allocator's own state is dumped too, for debuggers. */
static void check_against(const sum *before) {
    const sum now = mappings();
    const superslab_stats stats = stats_now();
    CHECK_EQ(now.usable_left_out, before->usable_left_out);
    /* The page of ss_os_copy_mark is not worth a system call at each start. */
    /* So are a few gaps of a hardened library, which has made memory inaccessible again and says nothing to the kernel. */
    CHECK_LE(now.reserved_dumped,
             before->reserved_dumped + (size_t)sysconf(_SC_PAGESIZE) + CHECK_HARDENED * (8 << 20));
    /* Hardened, what was never used is committed but not accessible. */
    if (!CHECK_HARDENED)
        CHECK_GE(now.dumped, before->dumped + stats.committed_bytes);
    CHECK_GE(now.left_out + stats.committed_bytes + stats.metadata_bytes,
             before->left_out + stats.reserved_bytes);
}

/* Up to 128 MiB of blocks of one size, one after the other: at no point is much more dumped than they occupy. */
static void check_heap(const sum *before, size_t bytes) {
    enum { LIVE_BYTES = 128 << 20, STEP_BYTES = 1 << 20, AHEAD_BYTES = 12 << 20 };
    void **last = NULL;
    for (size_t live = 0, seen = 0; live < LIVE_BYTES; live += bytes) {
        void **block = block_new(bytes);
        *block = last;
        last = block;
        if (live < seen + STEP_BYTES)
            continue;
        seen = live;
        const size_t metadata = live / 16; /* strides and records too */
        CHECK_LE(mappings().dumped, before->dumped + live + metadata + AHEAD_BYTES);
    }
    while (last != NULL) {
        void **block = last;
        last = *block;
        superslab_free(block);
    }
}

/* An engine maps a window up to its limit. What is not usable yet is left out, and its part of the table. */
static void check_window(void) {
    enum { LIMIT_BYTES = 64 << 20, FIRST_BYTES = 1 << 20, MORE_BYTES = 33 << 20 };
    static isolate here;
    window_memory memory = window_map(LIMIT_BYTES);
    const sum before = mappings();
    const ss_api_window window = {memory.base, FIRST_BYTES, LIMIT_BYTES, memory.live};
    here.memory = &memory;
    here.holder = ss_api_own()->window_join(&window, here.magazines);
    CHECK(here.holder != NULL);
    const sum joined = mappings();
    const uint64_t unused = LIMIT_BYTES - FIRST_BYTES;
    CHECK_EQ(joined.usable_left_out, before.usable_left_out + unused + unused / 16);
    ss_api_own()->window_grow(here.holder, MORE_BYTES);
    const sum grown = mappings();
    const uint64_t more = MORE_BYTES - FIRST_BYTES;
    CHECK_EQ(grown.usable_left_out, joined.usable_left_out - more - more / 16);
    isolate_leave(&here);
    window_unmap(&memory);
}

/* The mapping of a region is its caller's. */
static void check_region(void) {
    enum { LIMIT_BYTES = 64 << 20, FIRST_BYTES = 1 << 20 };
    window_memory memory = window_map(LIMIT_BYTES);
    const sum before = mappings();
    superslab_region *region = superslab_region_adopt(memory.base, FIRST_BYTES, LIMIT_BYTES);
    CHECK(region != NULL);
    CHECK_EQ(mappings().usable_left_out, before.usable_left_out);
    superslab_region_retire(region);
    window_unmap(&memory);
}

int main(void) {
    if (CHECK_SANITIZED || CHECK_EMULATED)
        check_skip("a sanitizer or an emulator maps what it likes");
    const sum before = mappings();
    superslab_free(block_new(100));
    check_against(&before);
    const sum small = mappings();
    check_heap(&small, 1000);
    const sum both = mappings();
    check_heap(&both, 1 << 20);
    check_window();
    check_region();
    void *large = block_new(100 << 20), *aligned = block_new_aligned(4096, 4096);
    check_against(&before);
    /* More than is reserved at first. */
    void *huge = block_new((size_t)3 << 30);
    check_against(&before);
    superslab_free(huge);
    superslab_free(large);
    superslab_free(aligned);
    superslab_trim();
    check_against(&before);
    /* A refusal takes back what was usable at the end of each space. */
    limit_data(16 << 20);
    CHECK(block_try((size_t)8 << 30) == NULL);
    check_against(&before);
    CHECK_LE(stats_now().committed_bytes, 64 << 20);
}

#else

int main(void) {
    check_skip("a core dump of macOS has what was touched alone");
}

#endif
