#include "slab/inherit.h"

#include "slab/owner.h"
#include "slab/state.h"

uint32_t ss_slab_granules_at(const ss_space *space, uint32_t granule, uint32_t record) {
    const ss_slab_view view = ss_slab_read(ss_slab_of_id(space, record));
    return view.granule == granule ? ss_class_granules(view.class) : 1;
}

/* The slab that begins at a granule and whose state has one of the flags, or NULL. */
static ss_slab *slab_at(ss_space *space, uint32_t granule, uint64_t flags) {
    const uint32_t entry = ss_entry_get(space, granule);
    if (ss_entry_kind_of(entry) != SS_ENTRY_SLAB)
        return NULL;
    ss_slab *slab = ss_slab_of_id(space, entry & SS_ENTRY_VALUE);
    return ss_slab_read(slab).granule == granule &&
                   (atomic_load_explicit(&slab->state, memory_order_relaxed) & flags) != 0
               ? slab
               : NULL;
}

void ss_slabs_inherit_parked(ss_space *space) {
    for (uint32_t at = 0; at < ss_space_end_inherited(space); at++) {
        ss_slab *slab = slab_at(space, at, SS_STATE_PARKED);
        if (slab != NULL && !ss_slab_abandon_full(slab))
            ss_slab_list(slab);
    }
}

static void slab_inherit(ss_space *space, ss_slab *slab) {
    const uint64_t count = ss_owner_inherit(slab);
    ss_state_store(slab, count == 0 ? 0 : SS_STATE_LISTED | count, memory_order_relaxed);
    if (count != 0)
        ss_slab_push(space, slab);
}

void ss_slabs_inherit(ss_space *space, bool (*is_gone)(uint32_t owner)) {
    for (uint32_t at = 0; at < ss_space_end_inherited(space); at++) {
        ss_slab *slab = slab_at(space, at, SS_STATE_OWNED);
        if (slab != NULL &&
            is_gone((uint32_t)(ss_state_load(slab, memory_order_relaxed) >> SS_STATE_OWNER_SHIFT)))
            slab_inherit(space, slab);
    }
}
