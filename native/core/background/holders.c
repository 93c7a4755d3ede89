#include "background/holders.h"

#include "os/os.h"

#include <string.h>

/* V8 marks the memory of its heaps as not forked. Chunks of its heaps end with less than this reserved behind them;
 * memory that may grow has more. */
#define GROWTH_BYTES ((size_t)1 << 20)
/* The size of glibc's arenas, which lie at multiples of it. */
#define ARENA_BYTES ((size_t)64 << 20)
/* The largest guard below a thread's stack. */
#define GUARD_BYTES ((size_t)64 << 10)
#define RANGES 128u

typedef struct holder_walk {
    ss_holders *out;
    /* A mapping is judged when the next one is known. */
    ss_os_area before, one;
    uint32_t range_count;
    ss_range ranges[RANGES];
} holder_walk;

static size_t bytes_of(const ss_os_area *mapping) {
    return mapping->end - mapping->start;
}

static bool is_reserved(const ss_os_area *mapping) {
    return !mapping->readable && !mapping->writable && !mapping->executable && !mapping->is_file;
}

/* The reserved addresses between a mapping and the next one. */
static size_t room_behind(const ss_os_area *one, const ss_os_area *after) {
    return after->start == one->end && is_reserved(after) ? bytes_of(after) : 0;
}

static bool begins_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_ours(const holder_walk *walk, const ss_os_area *one) {
    for (uint32_t i = 0; i < walk->range_count; i++) {
        const ss_range *range = &walk->ranges[i];
        if (one->start < range->start + range->bytes && one->end > range->start)
            return true;
    }
    return false;
}

static ss_holder_kind data_of(const char *file) {
    return strstr(file, "superslab") != NULL ? SS_HOLDER_SUPERSLAB : SS_HOLDER_DATA;
}

static bool is_shared_memory(const ss_os_area *one) {
    return one->shared || begins_with(one->name, "/memfd:") || begins_with(one->name, "/dev/");
}

/* The pages of a file, and apart from them the process's own copies. */
static void file_add(const holder_walk *walk, const ss_os_area *one) {
    uint64_t *bytes = walk->out->bytes;
    if (begins_with(one->name, "/memfd:superslab")) {
        bytes[SS_HOLDER_SUPERSLAB] += one->resident;
    } else if (is_shared_memory(one)) {
        bytes[SS_HOLDER_SHARED] += one->resident;
    } else {
        const uint64_t own = one->anonymous < one->resident ? one->anonymous : one->resident;
        bytes[SS_HOLDER_FILES] += one->resident - own;
        bytes[data_of(one->name)] += own;
    }
}

static ss_holder_kind kind_of_name(const char *name) {
    return strcmp(name, "[heap]") == 0             ? SS_HOLDER_LIBC
           : strcmp(name, "[stack]") == 0          ? SS_HOLDER_STACKS
           : begins_with(name, "[anon:superslab]") ? SS_HOLDER_SUPERSLAB
           : begins_with(name, "[anon:")           ? SS_HOLDER_UNKNOWN
                                                   : SS_HOLDER_FILES; /* [vdso] */
}

static ss_holder_kind kind_of(const holder_walk *walk, const ss_os_area *after) {
    const ss_os_area *one = &walk->one, *before = &walk->before;
    const bool joined = before->end == one->start;
    const size_t room = room_behind(one, after);
    if (is_ours(walk, one))
        return SS_HOLDER_SUPERSLAB;
    if (one->name[0] != '\0')
        return kind_of_name(one->name);
    if (one->executable)
        return SS_HOLDER_CODE;
    if (one->not_forked)
        return joined && before->executable && before->not_forked ? SS_HOLDER_CODE
               : one->writable && room > GROWTH_BYTES             ? SS_HOLDER_V8_MEMORY
                                                                  : SS_HOLDER_V8_HEAP;
    /* Zeroed data, which is in no file, lies behind the file's own. */
    if (joined && before->is_file && before->writable)
        return data_of(before->name);
    if (joined && is_reserved(before) && bytes_of(before) <= GUARD_BYTES && !one->not_charged)
        return SS_HOLDER_STACKS;
    if (one->not_charged)
        return one->start % ARENA_BYTES == 0 && (bytes_of(one) + room) % ARENA_BYTES == 0
                   ? SS_HOLDER_LIBC
                   : SS_HOLDER_ALLOCATOR;
    return SS_HOLDER_UNKNOWN;
}

static void judge(const holder_walk *walk, const ss_os_area *after) {
    const ss_os_area *one = &walk->one;
    if (one->resident == 0)
        return;
    if (one->is_file)
        file_add(walk, one);
    else
        walk->out->bytes[kind_of(walk, after)] += one->resident;
}

static void mapping_visit(const ss_os_area *mapping, void *context) {
    holder_walk *walk = context;
    /* The system tells a mapping twice if it grew behind the part that was read: the second time counts. */
    if (mapping->start >= walk->one.end) {
        judge(walk, mapping);
        walk->before = walk->one;
    }
    walk->one = *mapping;
}

void ss_holders_read(ss_holders *out) {
    static const ss_os_area none = {.start = 0};
    holder_walk walk = {.out = out};
    *out = (ss_holders){.bytes = {0}};
    walk.range_count = ss_ranges_list(walk.ranges, RANGES);
    ss_os_each_area(mapping_visit, &walk);
    judge(&walk, &none);
}

uint64_t ss_holders_resident(const ss_holders *holders) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < SS_HOLDER_KINDS; i++)
        sum += holders->bytes[i];
    return sum;
}

const char *ss_holder_name(ss_holder_kind kind) {
    switch (kind) {
    case SS_HOLDER_V8_HEAP:
        return "V8's heaps";
    case SS_HOLDER_V8_MEMORY:
        return "WebAssembly memories and growable ArrayBuffers";
    case SS_HOLDER_CODE:
        return "code compiled at run time";
    case SS_HOLDER_SUPERSLAB:
        return "superslab: Buffers, addons, Node itself";
    case SS_HOLDER_LIBC:
        return "the C library's malloc";
    case SS_HOLDER_ALLOCATOR:
        return "an allocator of an addon";
    case SS_HOLDER_STACKS:
        return "stacks";
    case SS_HOLDER_FILES:
        return "files: code and constants";
    case SS_HOLDER_DATA:
        return "data of programs and libraries";
    case SS_HOLDER_SHARED:
        return "shared memory";
    case SS_HOLDER_UNKNOWN:
    case SS_HOLDER_KINDS:
        break;
    }
    return "other anonymous memory";
}
