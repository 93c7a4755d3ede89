#include "background/ranges.h"

#include "base/meta.h"
#include "space/empty.h"

typedef struct range_list {
    ss_range *out;
    uint32_t count, most;
} range_list;

static void range_add(range_list *list, ss_range_kind kind, uintptr_t start, size_t bytes) {
    if (start != 0 && bytes != 0 && list->count < list->most)
        list->out[list->count++] = (ss_range){start, bytes, kind, 0};
}

static ss_range_kind kind_of(const ss_space *space) {
    return ss_space_is_external(space) ? SS_RANGE_WINDOW
           : ss_space_is_headed(space) ? SS_RANGE_HEADED
                                       : SS_RANGE_BLOCKS;
}

/* A region is the caller's memory, but its arrays are not. */
static void space_visit(ss_space *space, void *context) {
    range_list *list = context;
    const size_t bytes = ss_space_bytes(space);
    uintptr_t arrays;
    size_t arrays_bytes;
    if (!ss_space_is_region(space))
        range_add(list, kind_of(space), ss_space_at(space, 0), bytes);
    range_add(list, SS_RANGE_METADATA, ss_space_table(space), bytes >> SS_LIVE_SHIFT);
    if (ss_space_arrays(space, &arrays, &arrays_bytes))
        range_add(list, SS_RANGE_METADATA, arrays, arrays_bytes);
}

uint32_t ss_ranges_list(ss_range *out, uint32_t most) {
    range_list list = {out, 0, most};
    ss_meta_chunk_range chunk;
    for (uint32_t i = 0; ss_meta_chunk(i, &chunk); i++)
        range_add(&list, SS_RANGE_METADATA, chunk.start, chunk.end - chunk.start);
    ss_each_space(space_visit, &list);
    uintptr_t start;
    size_t bytes;
    ss_empty_range(&start, &bytes);
    range_add(&list, SS_RANGE_BLOCKS, start, bytes);
    return list.count;
}
