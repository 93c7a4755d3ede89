/* What a core dump has: the memory that is usable, and none of the addresses that are only reserved. By the
 * kernel's own notes of each mapping; a debugger's gcore goes by the same. */
#include "block.h"
#include "check.h"
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

/* The allocator's own state is dumped too: a debugger wants it. */
static void check_against(const sum *before) {
    const sum now = mappings();
    const superslab_stats stats = stats_now();
    CHECK_EQ(now.usable_left_out, before->usable_left_out);
    CHECK_EQ(now.reserved_dumped, before->reserved_dumped);
    CHECK_GE(now.dumped, before->dumped + stats.committed_bytes);
    CHECK_GE(now.left_out + stats.committed_bytes + stats.metadata_bytes,
             before->left_out + stats.reserved_bytes);
}

int main(void) {
    if (CHECK_SANITIZED || CHECK_EMULATED)
        check_skip("a sanitizer or an emulator maps what it likes");
    const sum before = mappings();
    superslab_free(block_new(100));
    check_against(&before);
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
