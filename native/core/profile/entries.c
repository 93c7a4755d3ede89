#include "profile/entries.h"

#include "os/profile.h"

#include <string.h>

/* An entry of the sorted table, both relative to it. */
typedef struct table_entry {
    int32_t code, entry_place;
} table_entry;

/* A search reads the last 512 entries at once. Those by which it comes to them are remembered, by their addresses: each
 * read is a system call, and a large table has 17 steps. */
#define NEAR_ENTRIES 512u
typedef struct passed_entry {
    uintptr_t at;
    table_entry one;
} passed_entry;
#define PASSED_COUNT 512u
static SS_SPARSE passed_entry passed[PASSED_COUNT];
static uint32_t passed_version; /* of the list of modules */

static bool passed_read(uintptr_t at, table_entry *out) {
    const uint64_t mixed = (uint64_t)at * UINT64_C(0x9e3779b97f4a7c15);
    passed_entry *place = &passed[(mixed >> 32) % PASSED_COUNT];
    if (place->at != at) {
        if (ss_os_read_memory(at, out, sizeof *out) != sizeof *out)
            return false;
        *place = (passed_entry){at, *out};
    }
    *out = place->one;
    return true;
}

/* The number of the first of `count` entries whose function begins behind `pc`. */
static uint32_t entries_before(const table_entry *entries, uint32_t count, uintptr_t header,
                               uintptr_t pc) {
    uint32_t low = 0;
    while (low < count) {
        const uint32_t middle = (low + count) / 2;
        if (header + (uintptr_t)(intptr_t)entries[middle].code <= pc)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

uintptr_t ss_entry_find(const ss_module *module, uintptr_t pc) {
    static table_entry near[NEAR_ENTRIES];
    enum { HEAD = 12 };
    const uintptr_t header = module->header;
    uint32_t low = 0, high = module->count;
    if (passed_version != ss_modules_version())
        memset(passed, 0, sizeof passed);
    passed_version = ss_modules_version();
    while (high - low > NEAR_ENTRIES) {
        table_entry one;
        const uint32_t middle = (low + high) / 2;
        if (!passed_read(header + HEAD + middle * sizeof one, &one))
            return 0;
        if (header + (uintptr_t)(intptr_t)one.code <= pc)
            low = middle; /* it may be the one */
        else
            high = middle;
    }
    const size_t bytes = (high - low) * sizeof *near;
    if (ss_os_read_memory(header + HEAD + low * sizeof *near, near, bytes) != bytes)
        return 0;
    const uint32_t before = entries_before(near, high - low, header, pc);
    return before == 0 ? 0 : header + (uintptr_t)(intptr_t)near[before - 1].entry_place;
}
