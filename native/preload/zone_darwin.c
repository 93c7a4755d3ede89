/* macOS: a malloc zone that becomes the process's default. malloc, free, the operators of C++ and the
 * zone functions all go through it, and a block of an older zone is freed by that zone. No function is
 * replaced by name, so there are no early calls and no foreign pointers. */
#include "preload.h"

#include "front/hot.h"
#include "os/os.h"
#include "space/empty.h"
#include "space/registry.h"

#include <errno.h>
#include <mach/mach.h>
#include <malloc/malloc.h>
#include <string.h>

static malloc_zone_t zone;

static size_t zone_size(malloc_zone_t *self, const void *block) {
    if (superslab_check(block) != SUPERSLAB_OK)
        return 0; /* the system asks every zone about every pointer */
    return superslab_usable_size(block);
}

static void *zone_malloc(malloc_zone_t *self, size_t size) {
    return superslab_malloc(size);
}

static void *zone_calloc(malloc_zone_t *self, size_t count, size_t size) {
    return superslab_calloc(count, size);
}

static void *zone_valloc(malloc_zone_t *self, size_t size) {
    return superslab_aligned_alloc(ss_os_page_bytes(), size);
}

static void *zone_memalign(malloc_zone_t *self, size_t alignment, size_t size) {
    return superslab_aligned_alloc(alignment, size);
}

static void *zone_realloc(malloc_zone_t *self, void *block, size_t size) {
    return superslab_realloc(block, size);
}

static void zone_free(malloc_zone_t *self, void *block) {
    superslab_free(block);
}

static void zone_free_definite_size(malloc_zone_t *self, void *block, size_t size) {
    superslab_free(block);
}

static void zone_destroy(malloc_zone_t *self) {}

static unsigned zone_batch_malloc(malloc_zone_t *self, size_t size, void **blocks, unsigned count) {
    unsigned made = 0;
    while (made < count && (blocks[made] = superslab_malloc(size)) != NULL)
        made++;
    return made;
}

static void zone_batch_free(malloc_zone_t *self, void **blocks, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        superslab_free(blocks[i]);
}

static size_t zone_pressure_relief(malloc_zone_t *self, size_t goal) {
    return superslab_trim();
}

static boolean_t zone_claimed_address(malloc_zone_t *self, void *block) {
    return ss_space_find((uintptr_t)block) != NULL || ss_empty_has((uintptr_t)block);
}

/* ---- introspection ---- */

/* Ranges go to the recorder in batches, as one message may be made of each. */
enum { RANGES = 256 };

typedef struct enumeration {
    vm_range_recorder_t *recorder;
    void *context;
    unsigned kind, count;
    vm_range_t ranges[RANGES];
} enumeration;

static void ranges_record(enumeration *self) {
    if (self->count != 0)
        self->recorder(mach_task_self(), self->context, self->kind, self->ranges, self->count);
    self->count = 0;
}

static void range_add(enumeration *self, uintptr_t start, size_t bytes) {
    if (self->count == RANGES)
        ranges_record(self);
    self->ranges[self->count++] = (vm_range_t){start, bytes};
}

static int live_add(const superslab_inspection *block, void *context) {
    if (block->kind == SUPERSLAB_ADDRESS_LIVE)
        range_add(context, block->block, block->usable_size);
    return 0;
}

/* Enumerates malloc's spaces: regions and windows are not part of a zone. Another process's memory is not read: a tool
 * that asks from its own task gets KERN_NOT_SUPPORTED, as from a zone without an enumerator. */
static kern_return_t zone_enumerate(task_t task, void *context, unsigned kinds,
                                    vm_address_t address, memory_reader_t reader,
                                    vm_range_recorder_t recorder) {
    if (task != mach_task_self())
        return KERN_NOT_SUPPORTED;
    enumeration all = {.recorder = recorder, .context = context};
    for (uint32_t i = 0, count = ss_space_internal_count(); i < count; i++) {
        const ss_space *space = ss_space_internal(i);
        all.kind = MALLOC_PTR_REGION_RANGE_TYPE;
        if ((kinds & MALLOC_PTR_REGION_RANGE_TYPE) != 0)
            range_add(&all, (uintptr_t)ss_space_address(space, 0), ss_space_bytes(space));
        ranges_record(&all);
        all.kind = MALLOC_PTR_IN_USE_RANGE_TYPE;
        if ((kinds & MALLOC_PTR_IN_USE_RANGE_TYPE) != 0 &&
            superslab_visit(ss_space_address(space, 0), live_add, &all) != 0)
            return KERN_FAILURE;
        ranges_record(&all);
    }
    return KERN_SUCCESS;
}

static size_t zone_good_size(malloc_zone_t *self, size_t size) {
    return superslab_good_size(size);
}

static boolean_t zone_check(malloc_zone_t *self) {
    return 1;
}

static void zone_print(malloc_zone_t *self, boolean_t verbose) {
    char text[PRELOAD_SUMMARY_BYTES];
    ss_os_write_error(text, preload_summary(text, sizeof text));
}

static void zone_log(malloc_zone_t *self, void *address) {}

/* Around a fork; the core's own handlers do it. */
static void zone_lock(malloc_zone_t *self) {}

static boolean_t zone_locked(malloc_zone_t *self) {
    return 0;
}

static void zone_statistics(malloc_zone_t *self, malloc_statistics_t *out) {
    superslab_stats now;
    superslab_get_stats(&now);
    *out = (malloc_statistics_t){
        .blocks_in_use = (unsigned)now.live_blocks,
        .size_in_use = now.live_bytes,
        .max_size_in_use = now.live_bytes,
        .size_allocated = now.slab_bytes + now.large_bytes + now.dirty_bytes,
    };
}

static malloc_introspection_t introspection = {
    .enumerator = zone_enumerate,
    .good_size = zone_good_size,
    .check = zone_check,
    .print = zone_print,
    .log = zone_log,
    .force_lock = zone_lock,
    .force_unlock = zone_lock,
    .statistics = zone_statistics,
    .zone_locked = zone_locked,
};

static malloc_zone_t zone = {
    .size = zone_size,
    .malloc = zone_malloc,
    .calloc = zone_calloc,
    .valloc = zone_valloc,
    .free = zone_free,
    .realloc = zone_realloc,
    .destroy = zone_destroy,
    .zone_name = "superslab",
    .batch_malloc = zone_batch_malloc,
    .batch_free = zone_batch_free,
    .introspect = &introspection,
    .version = 10, /* has all members below */
    .memalign = zone_memalign,
    .free_definite_size = zone_free_definite_size,
    .pressure_relief = zone_pressure_relief,
    .claimed_address = zone_claimed_address,
};

static malloc_zone_t *first_zone(void) {
    malloc_zone_t **zones = NULL;
    unsigned count = 0;
    if (malloc_get_all_zones(0, NULL, (vm_address_t **)&zones, &count) != KERN_SUCCESS)
        return NULL;
    return count == 0 ? NULL : zones[0];
}

/* The first zone of the list serves malloc. Taking a zone out puts the last one into its place, so
 * every turn brings ours one place forward. */
__attribute__((constructor)) static void zone_install(void) {
    enum { TURNS_MAX = 64 };
    if (!preload_serves())
        return;
    malloc_zone_register(&zone);
    for (unsigned turn = 0; turn < TURNS_MAX && first_zone() != &zone; turn++) {
        malloc_zone_t *first = first_zone();
        malloc_zone_unregister(first);
        malloc_zone_register(first);
    }
}
