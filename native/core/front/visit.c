/* superslab_visit: every block of a space or of all spaces, while others allocate and free.
 *
 * What a block is, is read in groups of one word of a slab's bits: the group is copied, all locks are let go, and only
 * then is the visitor called. So it may call anything, and no other thread waits for it.
 *
 * The registry, the bits and the tables of headless spaces and windows are atomic. A headed block's header is read with
 * the space's lock held, after its slab was found in the registry: a slab that ends loses its entry first, and its
 * granules become free under that lock, so its memory cannot go meanwhile. A header does not tell a block that was freed
 * from one that lies in a bin and has not been handed out yet: its byte is whatever was there before. So the blocks
 * in the bins of headed classes are noted first, of all threads that are outside the allocator, by the protocol of
 * thread.h. */
#include "background/park.h"
#include "front/init.h"
#include "front/lifecycle.h"
#include "guard/places.h"
#include "heap/bins.h"
#include "slab/block.h"
#include "slab/seal.h"
#include "slab/state.h"
#include "space/empty.h"

#include <errno.h>

enum { GROUP_BLOCKS = 64, GRANULES_AT_ONCE = 1024 };

/* ---- blocks in bins ---- */

/* Their addresses by a hash, in memory that is there for the call. */
typedef struct cached_blocks {
    uintptr_t *address; /* 0: vacant */
    size_t slots;       /* a power of two */
    size_t count, most; /* of addresses; what comes beyond is not noted */
} cached_blocks;

static size_t slot_of(const cached_blocks *cached, uintptr_t address) {
    uint64_t hash = (uint64_t)(address / SS_ALIGNMENT) * UINT64_C(0x9e3779b97f4a7c15);
    size_t slot = (size_t)(hash >> 32) & (cached->slots - 1);
    while (cached->address[slot] != 0 && cached->address[slot] != address)
        slot = (slot + 1) & (cached->slots - 1);
    return slot;
}

static bool is_cached(const cached_blocks *cached, uintptr_t address) {
    return cached->address[slot_of(cached, address)] != 0;
}

/* Of a heap that is the calling thread's alone. */
static void cached_note(ss_heap *heap, void *context) {
    cached_blocks *cached = context;
    for (unsigned bin = SS_BIN_HEADED; bin < SS_BIN_COUNT; bin++) {
        void **slots = ss_bin_slots(heap, bin);
        uint32_t blocks = ss_bin_blocks(heap, bin);
        for (uint32_t i = 1; i <= blocks && cached->count < cached->most; i++) {
            cached->address[slot_of(cached, (uintptr_t)slots[i])] = (uintptr_t)slots[i];
            cached->count++;
        }
    }
}

static void cached_note_own(cached_blocks *cached) {
    ss_thread *self = ss_thread_self();
    ss_thread_enter(self);
    ss_heap *heap = self->assigned == NULL ? NULL : ss_thread_heap(&self);
    if (heap != NULL)
        cached_note(heap, cached);
    ss_thread_leave(self);
}

/* In a child of a fork: heaps that the next new threads get with what is in their bins. */
static void cached_note_inherited(cached_blocks *cached) {
    for (ss_heap *heap = ss_heap_first(); heap != NULL; heap = ss_heap_next(heap))
        ss_heap_read_inherited(heap, cached_note, cached);
}

/* Blocks in all bins of headed classes now. */
static size_t cached_count(void) {
    uint64_t count = 0, bytes = 0;
    for (ss_heap *heap = ss_heap_first(); heap != NULL; heap = ss_heap_next(heap))
        ss_heap_add_cached(heap, SS_BIN_HEADED, &count, &bytes);
    return (size_t)count;
}

static size_t cached_bytes(const cached_blocks *cached) {
    size_t page = ss_os_page_bytes();
    return (cached->slots * sizeof *cached->address + page - 1) & ~(page - 1);
}

/* At most half of the slots are used. Room for as many again as there are now, and for a few bins. */
static bool cached_begin(cached_blocks *cached) {
    enum { MORE = 1024 };
    *cached = (cached_blocks){.most = 2 * cached_count() + MORE, .slots = 1};
    while (cached->slots < 2 * cached->most)
        cached->slots *= 2;
    size_t bytes = cached_bytes(cached);
    void *memory = ss_os_reserve(bytes, ss_os_page_bytes());
    if (memory == NULL)
        return false;
    if (!ss_os_commit(memory, bytes)) {
        ss_os_release(memory, bytes);
        return false;
    }
    cached->address = memory;
    cached_note_own(cached);
    ss_park_and_read(cached_note, cached);
    cached_note_inherited(cached);
    return true;
}

static void cached_end(const cached_blocks *cached) {
    ss_os_release(cached->address, cached_bytes(cached));
}

/* ---- what a block is ---- */

/* Under the space's lock, as long as the slab is in the registry. */
static superslab_address_kind headed_kind(const cached_blocks *cached, uintptr_t block,
                                          unsigned bin) {
    uint8_t header = ss_header_get((const void *)block);
    if (is_cached(cached, block) || (header != bin && (header == SS_HEADER_FREED || header == 0)))
        return SUPERSLAB_ADDRESS_CACHED;
    return SUPERSLAB_ADDRESS_LIVE; /* a header that was written over: its owner has it */
}

/* A block that its slab does not have. */
static superslab_address_kind taken_kind(ss_space *space, const cached_blocks *cached,
                                         uintptr_t block, unsigned bin) {
    if (ss_space_is_headed(space))
        return headed_kind(cached, block, bin);
    if (ss_space_is_region(space)) /* what the caller's own bins hold is live to us */
        return SUPERSLAB_ADDRESS_LIVE;
    const _Atomic uint8_t *live = ss_space_live_byte(space, block);
    return live != NULL && atomic_load_explicit(live, memory_order_relaxed) != 0
               ? SUPERSLAB_ADDRESS_LIVE
               : SUPERSLAB_ADDRESS_CACHED;
}

/* ---- the walk of a space ---- */

typedef struct walk {
    superslab_visitor *visitor;
    void *context;
    cached_blocks cached;
    /* Where it is: a granule, the next group of blocks of the slab there, and what the slab was at its first group. */
    uint32_t granule, group;
    uint64_t identity;
    superslab_inspection blocks[GROUP_BLOCKS];
    uint32_t count; /* of those */
} walk;

static void note(walk *at, superslab_address_kind kind, uintptr_t block, size_t usable,
                 size_t stride, uintptr_t slab) {
    at->blocks[at->count++] = (superslab_inspection){kind, block, usable, stride, slab};
}

/* Hardened: what was asked for. */
static size_t usable_asked(uintptr_t block) {
    ss_block found;
    ss_block_hold(block, &found);
    ss_block_release(&found);
    return found.usable;
}

/* Notes a group of blocks of a slab, with the space's lock held if it is a headed one. */
static void note_group(walk *at, ss_space *space, const ss_slab *slab, ss_slab_view view) {
    const uintptr_t start = (uintptr_t)ss_space_address(space, view.granule);
    const uintptr_t base = ss_slab_base(space, view);
    const size_t stride = ss_class_stride(view.class), header = ss_space_is_headed(space);
    const uint32_t first = at->group * GROUP_BLOCKS, capacity = ss_class_capacity(view.class);
    const uint32_t end = first + GROUP_BLOCKS < capacity ? first + GROUP_BLOCKS : capacity;
    for (uint32_t i = first; i < end; i++) {
        const uintptr_t block = base + i * stride;
        superslab_address_kind kind = SUPERSLAB_ADDRESS_FREE;
        if (!ss_slab_is_free(slab, view.class, i))
            kind = taken_kind(space, &at->cached, block, view.bin);
        size_t usable = stride - header;
        if (SS_HARDENED && header != 0)
            usable = ss_block_usable_hardened((const void *)block, view.bin,
                                              kind == SUPERSLAB_ADDRESS_LIVE);
        else if (SS_HARDENED && !ss_space_is_external(space))
            usable = kind == SUPERSLAB_ADDRESS_LIVE ? usable_asked(block) : usable - SS_SEAL_BYTES;
        note(at, kind, block, usable, stride, start);
    }
}

/* Advances by one group; true if there was one. If the slab has ended since the last group, the walk continues after
 * it: no block of that slab was live during the whole walk. */
static bool step_slab(walk *at, ss_space *space, uint32_t entry) {
    const ss_slab *slab = ss_slab_of_id(space, entry & SS_ENTRY_VALUE);
    const uint64_t identity = ss_slab_identity(slab);
    const ss_slab_view view = ss_slab_read(slab);
    if (view.granule != at->granule || ss_slab_is_dead(slab) ||
        (at->group != 0 && identity != at->identity)) {
        at->granule++;
        at->group = 0;
        return false;
    }
    note_group(at, space, slab, view);
    at->identity = identity;
    if (++at->group == ss_class_words(view.class)) {
        at->granule += ss_class_granules(view.class);
        at->group = 0;
    }
    return true;
}

static bool step_large(walk *at, ss_space *space, uint32_t entry) {
    const uint32_t granules = entry & SS_ENTRY_VALUE;
    const uintptr_t block = (uintptr_t)ss_space_address(space, at->granule);
    const size_t bytes = (size_t)granules << SS_GRANULE_SHIFT;
    superslab_address_kind kind = SUPERSLAB_ADDRESS_CACHED;
    if (ss_entry_kind_of(entry) == SS_ENTRY_LARGE)
        kind = ss_space_is_external(space) ? taken_kind(space, &at->cached, block, 0)
                                           : SUPERSLAB_ADDRESS_LIVE;
    const bool is_asked =
        SS_HARDENED && kind == SUPERSLAB_ADDRESS_LIVE && !ss_space_is_external(space);
    note(at, kind, block, is_asked ? usable_asked(block) : bytes, bytes, block);
    at->granule += granules;
    return true;
}

/* One granule or one group; true if blocks were noted. */
static bool step(walk *at, ss_space *space) {
    uint32_t entry = ss_entry_get(space, at->granule);
    bool any = false;
    const bool is_headed = ss_space_is_headed(space) && ss_entry_kind_of(entry) == SS_ENTRY_SLAB;
    if (is_headed) {
        ss_space_lock(space);
        entry = ss_entry_get(space, at->granule);
    }
    const ss_entry_kind kind = ss_entry_kind_of(entry);
    if (kind == SS_ENTRY_SLAB) {
        any = step_slab(at, space, entry);
    } else if (kind != SS_ENTRY_NONE && (entry & SS_ENTRY_VALUE) != 0 && at->group == 0) {
        any = step_large(at, space, entry);
    } else { /* or there was a slab whose first groups have been visited */
        at->granule++;
        at->group = 0;
    }
    if (is_headed)
        ss_space_unlock(space);
    return any;
}

/* Notes the next blocks; false if the end was reached without any. */
static bool note_next(walk *at, ss_space *space) {
    const uint32_t end = ss_space_end(space);
    at->count = 0;
    for (uint32_t i = 0; i < GRANULES_AT_ONCE && at->granule < end; i++)
        if (step(at, space))
            return true;
    return at->granule < end;
}

/* In portions, between which a region may be retired and another adopted in its place: then the walk of it is over. */
static int visit_space(walk *at, uint32_t place) {
    ss_space *visited = NULL;
    at->granule = at->group = 0;
    for (;;) {
        const unsigned phase = ss_readers_begin();
        ss_space *space = ss_space_at_place(place);
        if (visited == NULL)
            visited = space;
        const bool more = space != NULL && space == visited && note_next(at, space);
        ss_readers_end(phase);
        for (uint32_t i = 0; more && i < at->count; i++) {
            const int result = at->visitor(&at->blocks[i], at->context);
            if (result != 0)
                return result;
        }
        if (!more)
            return 0;
    }
}

/* ---- empty blocks ---- */

static int visit_empty(walk *at) {
    uintptr_t first;
    uint64_t live;
    int result = 0;
    for (uint32_t group = 0; result == 0 && ss_empty_group(group, &first, &live); group++)
        for (; live != 0 && result == 0; live &= live - 1) {
            const uintptr_t block = first + (uintptr_t)__builtin_ctzll(live) * SS_EMPTY_STRIDE;
            const superslab_inspection found = {SUPERSLAB_ADDRESS_LIVE, block, 0, 0, 0};
            result = at->visitor(&found, at->context);
        }
    return result;
}

/* ---- guarded blocks ---- */

static int visit_guarded(const walk *at) {
    const size_t page = ss_places_page_bytes();
    ss_place_view one;
    int result = 0;
    for (uint32_t i = 0; i < SS_PLACES && result == 0; i++) {
        if (!ss_place_of_index(i, &one) || one.state != SS_PLACE_LIVE)
            continue;
        const superslab_inspection block = {SUPERSLAB_ADDRESS_LIVE, one.start, one.size, page, 0};
        result = at->visitor(&block, at->context);
    }
    return result;
}

/* ---- all of them ---- */

static int visit_all(walk *at) {
    int result = 0;
    for (uint32_t place = 0; place < ss_space_internal_count() && result == 0; place++)
        result = visit_space(at, place);
    const uint32_t externals = ss_space_external_count();
    for (uint32_t i = 0; i < externals && result == 0; i++)
        result = visit_space(at, SS_INTERNAL_SPACE_COUNT + i);
    result = result == 0 ? visit_empty(at) : result;
    return result == 0 ? visit_guarded(at) : result;
}

/* The place of the space that an address is in; SS_SPACE_COUNT for none. */
static uint32_t place_of(uintptr_t address) {
    const unsigned phase = ss_readers_begin();
    const ss_space *space = ss_space_find(address);
    const uint32_t place = space == NULL ? SS_SPACE_COUNT : ss_space_place(space);
    ss_readers_end(phase);
    return place;
}

static int fail(int error) {
    errno = error;
    return -1;
}

SUPERSLAB_EXPORT int superslab_visit(const void *within, superslab_visitor *visitor,
                                     void *context) {
    walk at = {.visitor = visitor, .context = context};
    if (visitor == NULL)
        return fail(EINVAL);
    if (!ss_process_ready())
        return fail(ENOMEM);
    if (within != NULL && ss_empty_has((uintptr_t)within))
        return visit_empty(&at);
    if (within != NULL && ss_places_contain((uintptr_t)within))
        return visit_guarded(&at);
    const uint32_t place = within == NULL ? 0 : place_of((uintptr_t)within);
    if (place == SS_SPACE_COUNT)
        return fail(EFAULT);
    if (!cached_begin(&at.cached))
        return fail(ENOMEM);
    const int result = within == NULL ? visit_all(&at) : visit_space(&at, place);
    cached_end(&at.cached);
    return result;
}
