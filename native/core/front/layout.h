/* What a debugger must know to read the allocator's state without debug information, as in what is shipped or in a core file: where
 * the process' state is, and where the fields are that native/gdb/superslab.py reads. Each line is the name by which the
 * script knows the number, and the number. Names are added at the end; SS_LAYOUT_VERSION changes when the meaning of one
 * does. A test compares the names with those of the script. */
#ifndef SS_LAYOUT_H
#define SS_LAYOUT_H

#include "heap/heap.h"
#include "space/empty.h"

#define SS_LAYOUT_VERSION 2u

#define SS_LAYOUT(NUMBER)                                                                          \
    NUMBER(granule_shift, SS_GRANULE_SHIFT)                                                        \
    NUMBER(record_shift, SS_RECORD_SHIFT)                                                          \
    NUMBER(entry_kind_shift, SS_ENTRY_KIND_SHIFT)                                                  \
    NUMBER(internal_spaces, SS_INTERNAL_SPACE_COUNT)                                               \
    NUMBER(all_spaces, SS_SPACE_COUNT)                                                             \
    NUMBER(bins, SS_BIN_COUNT)                                                                     \
    NUMBER(bin_headed, SS_BIN_HEADED)                                                              \
    NUMBER(header_freed, SS_HEADER_FREED)                                                          \
    NUMBER(live_shift, SS_LIVE_SHIFT)                                                              \
    NUMBER(headless_live_shift, SS_HEADLESS_LIVE_SHIFT)                                            \
    NUMBER(state_count, SS_STATE_COUNT)                                                            \
    NUMBER(state_owned, SS_STATE_OWNED)                                                            \
    NUMBER(state_listed, SS_STATE_LISTED)                                                          \
    NUMBER(state_dead, SS_STATE_DEAD)                                                              \
    NUMBER(state_spare, SS_STATE_SPARE)                                                            \
    NUMBER(state_parked, SS_STATE_PARKED)                                                          \
    NUMBER(state_owner_shift, SS_STATE_OWNER_SHIFT)                                                \
    NUMBER(registry_spaces, offsetof(ss_registry_data, spaces))                                    \
    NUMBER(registry_space_count, offsetof(ss_registry_data, space_count))                          \
    NUMBER(registry_external_count, offsetof(ss_registry_data, external_count))                    \
    NUMBER(process_classes, offsetof(ss_process_data, classes))                                    \
    NUMBER(heaps_all, offsetof(ss_heaps_data, all))                                                \
    NUMBER(class_bytes, sizeof(ss_class))                                                          \
    NUMBER(class_stride, offsetof(ss_class, stride))                                               \
    NUMBER(class_capacity, offsetof(ss_class, capacity))                                           \
    NUMBER(class_granules, offsetof(ss_class, granules))                                           \
    NUMBER(class_first, offsetof(ss_class, first))                                                 \
    NUMBER(space_base, offsetof(ss_space, base))                                                   \
    NUMBER(space_kind, offsetof(ss_space, kind))                                                   \
    NUMBER(space_live, offsetof(ss_space, live))                                                   \
    NUMBER(space_live_ready, offsetof(ss_space, live_ready))                                       \
    NUMBER(space_entries, offsetof(ss_space, entries))                                             \
    NUMBER(space_entries_ready, offsetof(ss_space, entries_ready))                                 \
    NUMBER(space_granules, offsetof(ss_space, granules))                                           \
    NUMBER(space_records, offsetof(ss_space, records))                                             \
    NUMBER(space_bytes, offsetof(ss_space, bytes))                                                 \
    NUMBER(space_granule_count, offsetof(ss_space, granule_count))                                 \
    NUMBER(space_used_granules, offsetof(ss_space, used_granules))                                 \
    NUMBER(space_dirty_granules, offsetof(ss_space, dirty_granules))                               \
    NUMBER(granule_bytes, sizeof(ss_granule))                                                      \
    NUMBER(granule_length, offsetof(ss_granule, length))                                           \
    NUMBER(granule_dirty, offsetof(ss_granule, dirty))                                             \
    NUMBER(slab_state, offsetof(ss_slab, state))                                                   \
    NUMBER(slab_info, offsetof(ss_slab, info))                                                     \
    NUMBER(slab_owner_free, offsetof(ss_slab, owner_free))                                         \
    NUMBER(slab_bits, offsetof(ss_slab, bits))                                                     \
    NUMBER(heap_top, offsetof(ss_heap, top))                                                       \
    NUMBER(heap_bin, offsetof(ss_heap, bin))                                                       \
    NUMBER(heap_id, offsetof(ss_heap, id))                                                         \
    NUMBER(heap_holder, offsetof(ss_heap, holder))                                                 \
    NUMBER(heap_next, offsetof(ss_heap, next))                                                     \
    NUMBER(bin_bytes, sizeof(ss_bin))                                                              \
    NUMBER(bin_slots, offsetof(ss_bin, slots))                                                     \
    NUMBER(bin_capacity, offsetof(ss_bin, capacity))                                               \
    NUMBER(bin_left, offsetof(ss_bin, left))                                                       \
    NUMBER(bin_ring_count, offsetof(ss_bin, ring) + offsetof(ss_ring, count))                      \
    NUMBER(header_sampled, SS_HEADER_SAMPLED)                                                      \
    NUMBER(empty_base, offsetof(ss_empty_data, base))                                              \
    NUMBER(empty_bytes, offsetof(ss_empty_data, bytes))                                            \
    NUMBER(empty_pages, offsetof(ss_empty_data, pages))                                            \
    NUMBER(empty_page, offsetof(ss_empty_data, page))                                              \
    NUMBER(empty_stride, SS_EMPTY_STRIDE)                                                          \
    NUMBER(empty_page_blocks, SS_EMPTY_PAGE_BLOCKS)

typedef enum ss_layout_place {
#define SS_LAYOUT_PLACE(name, number) SS_LAYOUT_##name,
    SS_LAYOUT(SS_LAYOUT_PLACE)
#undef SS_LAYOUT_PLACE
        SS_LAYOUT_COUNT
} ss_layout_place;

typedef struct ss_layout {
    uint32_t version, count;
    const ss_process_data *process;
    const ss_registry_data *registry;
    const ss_heaps_data *heaps;
    uint32_t numbers[SS_LAYOUT_COUNT];
    const ss_empty_data *empty; /* behind the numbers, because it came later */
} ss_layout;

extern const ss_layout ss_layout_here SS_HIDDEN;

#endif
