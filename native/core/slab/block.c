#include "slab/block.h"

#include "guard/fault.h"
#include "guard/places.h"
#include "slab/seal.h"
#include "space/empty.h"
#include "space/large.h"

/* The header of a live headed block is its bin's number, or one of those that ss_header_is_live knows. A free writes SS_HEADER_FREED, and a purge of the page
 * leaves 0. */
static ss_block_state headed_state(const ss_block *found) {
    uint8_t header = ss_header_get((const void *)found->start);
    if (ss_header_is_live(header, found->bin))
        return SS_BLOCK_LIVE;
    if (ss_slab_is_free(found->slab, ss_bin_class(found->bin), found->index))
        return SS_BLOCK_FREE;
    return header == SS_HEADER_FREED ? SS_BLOCK_CACHED : SS_BLOCK_BROKEN;
}

static ss_block_state headless_state(const ss_block *found) {
    _Atomic uint8_t *live = ss_live_at(found->space, found->start);
    const unsigned byte =
        live != NULL ? atomic_load_explicit(live, memory_order_relaxed) : SS_BIN_COUNT;
    if (byte == found->bin || byte == SS_HEADER_SAMPLED)
        return SS_BLOCK_LIVE;
    return ss_slab_is_free(found->slab, ss_bin_class(found->bin), found->index) ? SS_BLOCK_FREE
                                                                                : SS_BLOCK_CACHED;
}

/* Hardened: what the bytes around a live block of malloc's tell. */
static superslab_error live_error(const ss_block *found) {
    const void *block = (const void *)found->start;
    if (found->slab != NULL && ss_space_is_headed(found->space))
        return ss_trailer_error(block, ss_class_headed_usable(ss_bin_class(found->bin)),
                                SS_TRAILER_ANY, SS_SIZE_ANY);
    ss_seal seal;
    return ss_seal_look(found->space, block, &seal) && !seal.is_whole ? SUPERSLAB_ERROR_OVERFLOW
                                                                      : SUPERSLAB_OK;
}

static void find_in_slab(ss_block *found, uint32_t granule, uintptr_t address) {
    ss_slab_view view = ss_slab_read(found->slab);
    uintptr_t base = ss_slab_base(found->space, view);
    if (granule - view.granule >= ss_class_granules(view.class)) {
        found->slab = NULL; /* the slab ended and the record is another slab's */
        return;
    }
    found->granule = view.granule;
    found->bin = view.bin;
    if (address < base ||
        (address - base) / ss_class_stride(view.class) >= ss_class_capacity(view.class))
        return; /* before the first block or in the tail */
    found->index = (uint32_t)((address - base) / ss_class_stride(view.class));
    found->start = base + (uintptr_t)found->index * ss_class_stride(view.class);
    found->stride = found->usable = ss_class_stride(view.class);
    switch (ss_space_kind_of(found->space)) {
    case SS_SPACE_HEADED:
        found->usable--; /* the next block's header */
        found->state = headed_state(found);
        if (SS_HARDENED)
            found->usable = ss_block_usable_hardened((const void *)found->start, found->bin,
                                                     found->state == SS_BLOCK_LIVE);
        break;
    case SS_SPACE_HEADLESS:
        found->state = headless_state(found);
        if (SS_HARDENED)
            found->usable -= SS_SEAL_BYTES;
        break;
    case SS_SPACE_EXTERNAL: /* blocks in the caller's own bins count as live */
        found->state = ss_slab_is_free(found->slab, ss_bin_class(found->bin), found->index)
                           ? SS_BLOCK_FREE
                           : SS_BLOCK_LIVE;
        break;
    }
}

/* Whether the entry is that of a large block: live, freed (value 0), or in a heap's large cache. */
static bool is_large(uint32_t entry) {
    return ss_entry_kind_of(entry) == SS_ENTRY_LARGE || ss_entry_kind_of(entry) == SS_ENTRY_CACHED;
}

/* The first granule of the large block that covers `granule`, or `granule` itself if none does. Walks back over empty
 * entries and those of freed blocks, to the nearest slab or the nearest block that was not freed. */
static SS_COLD uint32_t large_begin(ss_space *space, uint32_t granule) {
    const size_t ready = ss_entries_ready(space) / sizeof(uint32_t);
    for (uint32_t at = granule < ready ? granule : (uint32_t)ready; at-- != 0;) {
        /* The caller reads the entry that is found again. */
        uint32_t entry = ss_entry_number(space, at);
        uint32_t value = entry & SS_ENTRY_VALUE;
        if (ss_entry_kind_of(entry) == SS_ENTRY_SLAB)
            break;
        if (is_large(entry) && value != 0)
            return value > granule - at ? at : granule;
    }
    return granule;
}

/* What lies at an address outside of all spaces. */
static SS_COLD void find_empty(ss_block *found, uintptr_t address) {
    static const ss_block_state states[] = {[SS_EMPTY_LIVE] = SS_BLOCK_LIVE,
                                            [SS_EMPTY_FREED] = SS_BLOCK_FREE,
                                            [SS_EMPTY_UNUSED] = SS_BLOCK_NONE};
    if (!ss_empty_has(address))
        return;
    found->state = states[ss_empty_use_at(address)];
    if (found->state == SS_BLOCK_NONE)
        return;
    found->start = address & ~(uintptr_t)(SS_EMPTY_STRIDE - 1);
}

/* The address is in no space. */
static SS_COLD void find_guarded(ss_block *found, uintptr_t address) {
    ss_place_view view;
    found->guarded = ss_places_contain(address);
    if (!found->guarded || !ss_place_at(address, &view) || address - view.start >= view.size)
        return;
    found->start = view.start;
    found->usable = view.size;
    found->stride = ss_places_page_bytes();
    found->state = view.state == SS_PLACE_LIVE ? SS_BLOCK_LIVE : SS_BLOCK_FREE;
}

static void find_in_space(ss_block *found, ss_space *space, uintptr_t address) {
    found->state = SS_BLOCK_NONE;
    found->slab = NULL;
    found->start = found->usable = found->stride = 0;
    found->space = space;
    found->guarded = false;
    if (space == NULL) {
        find_guarded(found, address);
        if (!found->guarded)
            find_empty(found, address);
        return;
    }
    uint32_t granule = ss_space_granule(space, address), entry = ss_entry_get(space, granule);
    if (ss_entry_kind_of(entry) == SS_ENTRY_SLAB) {
        found->slab = ss_slab_of_id(space, entry & SS_ENTRY_VALUE);
        find_in_slab(found, granule, address);
        return;
    }
    if (!is_large(entry) || (entry & SS_ENTRY_VALUE) == 0) {
        granule = large_begin(space, granule);
        entry = ss_entry_get(space, granule);
        if (!is_large(entry))
            return;
    }
    found->granule = granule;
    found->start = (uintptr_t)ss_space_address(space, granule);
    found->stride = found->usable = (size_t)(entry & SS_ENTRY_VALUE) << SS_GRANULE_SHIFT;
    if (ss_entry_kind_of(entry) == SS_ENTRY_CACHED)
        found->state = SS_BLOCK_CACHED;
    else
        found->state = found->usable != 0 ? SS_BLOCK_LIVE : SS_BLOCK_FREE;
}

/* Hardened: a live block of a headless space holds what was asked for. */
static void find_asked(ss_block *found) {
    ss_seal seal;
    if (found->space != NULL && ss_space_is_headless(found->space) &&
        found->state == SS_BLOCK_LIVE &&
        ss_seal_look(found->space, (const void *)found->start, &seal))
        found->usable = seal.size;
}

void ss_block_find(uintptr_t address, ss_block *found) {
    find_in_space(found, ss_space_find(address), address);
    if (SS_HARDENED)
        find_asked(found);
}

void ss_block_hold(uintptr_t address, ss_block *found) {
    found->phase = ss_readers_begin();
    /* Pairs with the fence in ss_space_is_read: this thread finds that the slab has ended, or its reader is seen. */
    atomic_thread_fence(memory_order_seq_cst);
    find_in_space(found, ss_space_find(address), address);
    if (SS_HARDENED)
        find_asked(found);
}

void ss_block_release(const ss_block *found) {
    ss_readers_end(found->phase);
}

SS_COLD superslab_error ss_block_error(const ss_block *found, const void *pointer) {
    if (found->guarded)
        return ss_place_error((uintptr_t)pointer);
    if (found->state == SS_BLOCK_NONE && ss_slab_was_at(found->space, (uintptr_t)pointer))
        return SUPERSLAB_ERROR_DOUBLE_FREE;
    if (found->state == SS_BLOCK_NONE || ss_block_is_external(found))
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    if (found->start != (uintptr_t)pointer)
        return SUPERSLAB_ERROR_INSIDE_BLOCK;
    switch (found->state) {
    case SS_BLOCK_CACHED:
    case SS_BLOCK_FREE:
        return SUPERSLAB_ERROR_DOUBLE_FREE;
    case SS_BLOCK_BROKEN:
        return ss_header_get(pointer) - SS_BIN_HEADED < SS_HEADED_COUNT
                   ? SUPERSLAB_ERROR_WRONG_CLASS
                   : SUPERSLAB_ERROR_CORRUPTED_HEADER;
    case SS_BLOCK_LIVE:
        if (SS_HARDENED && found->space != NULL)
            return live_error(found);
        break;
    case SS_BLOCK_NONE:
        break;
    }
    return SUPERSLAB_OK;
}

SS_COLD void ss_block_report(superslab_error error, const void *pointer) {
    ss_stack stack = {0, 0};
    if (ss_places_contain((uintptr_t)pointer))
        ss_guard_report(error, (uintptr_t)pointer, false, &stack);
    else
        ss_report(error, pointer);
}
