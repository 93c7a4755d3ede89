#include "huge.h"

#include "check.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_BYTES = 2 << 20, TRIALS = 4 };

/* What smaps says of one mapping. */
typedef struct mapping {
    size_t huge;
    bool advised;
} mapping;

static mapping mapping_at(const void *address) {
    mapping found = {0, false};
    char line[512];
    bool inside = false;
    FILE *smaps = fopen("/proc/self/smaps", "r");
    while (smaps != NULL && fgets(line, sizeof line, smaps) != NULL) {
        uintptr_t from, to;
        size_t kilobytes;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
            inside = (uintptr_t)address >= from && (uintptr_t)address < to;
        else if (inside && sscanf(line, "AnonHugePages: %zu", &kilobytes) == 1)
            found.huge = kilobytes << 10;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found.advised = strstr(line, " hg") != NULL;
    }
    if (smaps != NULL)
        fclose(smaps);
    return found;
}

size_t huge_bytes(const void *address) {
    return mapping_at(address).huge;
}

bool huge_is_advised(const void *address) {
    return mapping_at(address).advised;
}

size_t huge_splits(void) {
    char line[128];
    size_t splits = 0;
    FILE *vmstat = fopen("/proc/vmstat", "r");
    while (vmstat != NULL && fgets(line, sizeof line, vmstat) != NULL)
        if (sscanf(line, "thp_split_page %zu", &splits) == 1)
            break;
    if (vmstat != NULL)
        fclose(vmstat);
    return splits;
}

void huge_must_be_there(void) {
    size_t got = 0;
#ifdef MADV_HUGEPAGE
    char *all = mmap(NULL, (TRIALS + 1) * HUGE_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(all != MAP_FAILED);
    char *start = all + (-(uintptr_t)all & (HUGE_BYTES - 1));
    madvise(start, TRIALS * HUGE_BYTES, MADV_HUGEPAGE);
    for (size_t i = 0; i < TRIALS; i++)
        start[i * HUGE_BYTES] = 1;
    got = huge_bytes(start);
    munmap(all, (TRIALS + 1) * HUGE_BYTES);
#endif
    if (got < (size_t)TRIALS * HUGE_BYTES)
        check_skip("the system gives no huge pages of 2 MiB now");
}
