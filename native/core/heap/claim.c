#include "heap/claim.h"

#include "base/thread.h"
#include "space/registry.h"

static void note(const void *block) {
    ss_heap *heap = ss_thread_assigned_heap();
    if (heap != NULL)
        heap->large.hardened->claimed = block;
}

uint32_t ss_claim(ss_space *space, uint32_t granule) {
    const uint32_t to_cached = (uint32_t)(SS_ENTRY_CACHED - SS_ENTRY_LARGE) << SS_ENTRY_KIND_SHIFT;
    uint32_t entry;
    note(ss_space_address(space, granule));
    ss_lock_step();
    do { /* again if another thread has made the block shorter */
        entry = ss_entry_get(space, granule);
        if (ss_entry_kind_of(entry) != SS_ENTRY_LARGE || (entry & SS_ENTRY_VALUE) == 0) {
            note(NULL);
            return 0;
        }
    } while (!ss_entry_change(space, granule, entry, entry + to_cached));
    return entry & SS_ENTRY_VALUE;
}

void ss_claim_end(ss_space *space, uint32_t granule, uint32_t count) {
    ss_entry_set(space, granule, SS_ENTRY_LARGE, count);
    ss_lock_step();
    note(NULL);
}

void ss_claim_forget(void) {
    note(NULL);
}

void ss_claim_inherit(ss_heap *heap) {
    const void *block = heap->large.hardened->claimed;
    heap->large.hardened->claimed = NULL;
    if (block == NULL)
        return;
    ss_space *space = ss_space_find_internal((uintptr_t)block);
    const uint32_t granule = ss_space_granule(space, (uintptr_t)block);
    const uint32_t entry = ss_entry_get(space, granule);
    if (ss_entry_kind_of(entry) == SS_ENTRY_CACHED)
        ss_entry_set(space, granule, SS_ENTRY_LARGE, entry & SS_ENTRY_VALUE);
}
