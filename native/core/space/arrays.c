#include "space/arrays.h"

/* Units of records to reserve for each granule. A record is reused only for one of its length, so in the worst case
 * every granule has had a slab of each record length. This costs addresses and no memory. */
static size_t record_units_a_granule(ss_space_kind kind) {
    bool seen[SS_RECORD_MAX_UNITS + 1] = {false};
    size_t sum = 0;
    unsigned first = kind == SS_SPACE_HEADED ? SS_BIN_HEADED : 0;
    unsigned count = kind == SS_SPACE_HEADED ? SS_HEADED_COUNT : SS_HEADLESS_COUNT;
    for (unsigned bin = first; bin < first + count; bin++) {
        if (kind == SS_SPACE_HEADLESS && ss_bin_stride(bin) % 32 != 0)
            continue; /* malloc has no headless block aligned to less than 32 */
        uint32_t units = ss_class_record_units(ss_bin_class(bin));
        sum += seen[units] ? 0 : units;
        seen[units] = true;
    }
    return sum;
}

size_t ss_arrays_nodes_bytes(size_t granules) {
    return (ss_round_up(granules, SS_SUPERSLAB_GRANULES) + 1) * sizeof(ss_granule);
}

ss_arrays ss_arrays_of(ss_space_kind kind, size_t most, size_t bytes) {
    size_t granules = most >> SS_GRANULE_SHIFT, page = ss_os_page_bytes();
    size_t records = record_units_a_granule(kind) << SS_RECORD_SHIFT;
    unsigned live_shift = kind == SS_SPACE_HEADLESS ? SS_HEADLESS_LIVE_SHIFT : 63;
    ss_arrays layout;
    layout.entries = ss_round_up(granules * records + page / 2, SS_META_STEP_BYTES) - page / 2;
    layout.granules = ss_round_up(layout.entries + granules * sizeof(uint32_t), SS_META_STEP_BYTES);
    layout.live =
        layout.granules + ss_round_up(ss_arrays_nodes_bytes(granules), SS_META_STEP_BYTES);
    layout.bytes = layout.live + ss_round_up(most >> live_shift, SS_META_STEP_BYTES);
    layout.first =
        (layout.entries - (bytes >> SS_GRANULE_SHIFT) * records) & ~(SS_META_STEP_BYTES - 1);
    layout.end = layout.live + ss_round_up(bytes >> live_shift, SS_META_STEP_BYTES);
    return layout;
}
