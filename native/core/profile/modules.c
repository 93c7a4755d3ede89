#include "profile/modules.h"

#include "os/os.h"
#include "os/profile.h"

#include <string.h>

#define MODULES_MOST 1024u
/* Executable memory without a file, in which an engine generates code. More of it is no fault: then the list is read
 * more often than it has to be. */
#define GENERATED_MOST 64u
/* An address that was in no mapping is looked for again after this long at the earliest: it may be no address at all. */
#define READ_NANOSECONDS UINT64_C(1000000000)

static SS_SPARSE ss_module modules[MODULES_MOST];
static uint32_t module_count, version;
static uint64_t read_time;
static uint64_t list_hash;
static struct {
    uintptr_t start, end;
} generated[GENERATED_MOST];
static uint32_t generated_count;
static uintptr_t absent; /* the last address that was in no mapping */

/* ---- the list ---- */

typedef struct module_scan {
    uint32_t count;
    uint64_t hash;
    uintptr_t base;
    char name[256]; /* of the file whose first mapping is at `base`, cut */
} module_scan;

static bool scan_mapping(const ss_os_mapping *mapping, void *context) {
    module_scan *scan = context;
    if (mapping->name[0] != '/' && strcmp(mapping->name, "[vdso]") != 0) {
        if (mapping->executable && generated_count < GENERATED_MOST) {
            generated[generated_count].start = mapping->start;
            generated[generated_count++].end = mapping->end;
        }
        return false;
    }
    if (mapping->offset == 0 || strncmp(scan->name, mapping->name, sizeof scan->name - 1) != 0) {
        strncpy(scan->name, mapping->name, sizeof scan->name - 1);
        scan->base = mapping->offset == 0 ? mapping->start : 0;
    }
    if (!mapping->executable || scan->count == MODULES_MOST)
        return false;
    scan->hash = (scan->hash ^ mapping->start ^ mapping->end << 7) * UINT64_C(0x100000001b3);
    ss_module *module = &modules[scan->count++];
    if (module->start != mapping->start || module->end != mapping->end ||
        module->base != scan->base)
        *module = (ss_module){.start = mapping->start, .end = mapping->end, .base = scan->base};
    return false;
}

void ss_modules_read(void) {
    module_scan scan = {.hash = UINT64_C(0xcbf29ce484222325)};
    generated_count = 0;
    ss_os_each_mapping(scan_mapping, &scan);
    module_count = scan.count;
    read_time = ss_os_clock_nanoseconds();
    if (scan.hash != list_hash)
        version++;
    list_hash = scan.hash;
}

uint32_t ss_modules_version(void) {
    return version;
}

/* ---- the tables ---- */

/* The beginning of .eh_frame_hdr. Of the encodings only those that linkers write: 4 bytes each, relative to the table or
 * to themselves. */
typedef struct table_head {
    uint8_t form, frame, number, table;
    int32_t frame_place;
    uint32_t entries;
} table_head;
enum { PC_RELATIVE_4 = 0x1b, NUMBER_4 = 0x03, TABLE_RELATIVE_4 = 0x3b };

static void module_read(ss_module *module) {
    table_head head;
    const uintptr_t place = module->base != 0 ? ss_os_unwind_table(module->base) : 0;
    module->read = true;
    if (place == 0 || ss_os_read_memory(place, &head, sizeof head) != sizeof head ||
        head.form != 1 || head.frame != PC_RELATIVE_4 || head.number != NUMBER_4 ||
        head.table != TABLE_RELATIVE_4)
        return;
    module->header = place;
    module->count = head.entries;
}

static ss_module *find(uintptr_t address) {
    uint32_t low = 0, high = module_count;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (address >= modules[middle].end)
            low = middle + 1;
        else
            high = middle;
    }
    return low < module_count && address >= modules[low].start ? &modules[low] : NULL;
}

static bool is_generated(uintptr_t address) {
    for (uint32_t i = 0; i < generated_count; i++)
        if (address >= generated[i].start && address < generated[i].end)
            return true;
    return false;
}

/* A library that was just loaded must be found at once: without its table the walk would follow what its code has in the
 * register of frame pointers. */
static bool is_worth_reading(uintptr_t address) {
    return !is_generated(address) &&
           (address != absent || ss_os_clock_nanoseconds() - read_time > READ_NANOSECONDS);
}

const ss_module *ss_module_at(uintptr_t address) {
    ss_module *module = find(address);
    if (module == NULL && is_worth_reading(address)) {
        ss_modules_read();
        module = find(address);
        if (module == NULL && !is_generated(address))
            absent = address;
    }
    if (module != NULL && !module->read)
        module_read(module);
    return module;
}
