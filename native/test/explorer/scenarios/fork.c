/* A fork while another thread is at any point: it stops for ever before one of its accesses to memory, plain ones
 * included, and the forking thread goes on alone, as in the child. Also a fork in the handler of a signal that
 * interrupted the thread at any point, while another thread is at any point: the interrupted operation goes on in the
 * child. */
#include "scenarios.h"

#include "background/park.h"
#include "front/cold.h"
#include "heap/large_cache.h"
#include "slab/block.h"
#include "slab/purge.h"
#include "slab/seal.h"
#include "space/gap.h"
#include "space/large.h"
#include "space/span.h"
#include "undo.h"

enum { LARGE = 200 << 10, SMALL_COUNT = 6, LARGE_COUNT = 2, LOST_GRANULES = 24, HELD_MOST = 2 };
/* The slots of a cache; at level 2 with the one for a span that is being shut. */
enum { SLOTS = SS_LARGE_CACHE_SPANS + 1 };

static void *kept, *kept_large, *going; /* going: goes back before it is free */
static bool forked;

static void setup(void) {
    const size_t size = ss_process_ready() ? four_blocks_size() : 0;
    explorer_become(1);
    superslab_free(superslab_malloc(16));
    explorer_become(0);
    block_claim(kept = superslab_malloc(size));
    block_claim(kept_large = superslab_malloc(LARGE));
    going = superslab_malloc(SS_RETURN_MIN_BYTES);
    superslab_free(superslab_malloc(size));
    explorer_interrupt_anywhere(NULL);
}

/* ---- the other threads' operations ---- */

static void use_spans(void) {
    ss_space *space = ss_space_headless();
    void *one = superslab_malloc(LARGE), *other = superslab_malloc(LARGE);
    superslab_free(one);
    other = superslab_realloc(other, 2 * LARGE);
    ss_span_purge(space, 0);
    superslab_free(superslab_realloc(other, LARGE));
}

static void use_slabs(void) {
    void *blocks[SMALL_COUNT];
    for (unsigned i = 0; i < SMALL_COUNT; i++)
        blocks[i] = superslab_malloc(four_blocks_size());
    for (unsigned i = 0; i < SMALL_COUNT; i++)
        superslab_free(blocks[i]);
    ss_flush_own_heap();
    ss_purge_slabs(headed_space());
}

static void park_others(void) {
    ss_faults faults = {.count = 0};
    superslab_free(superslab_malloc(four_blocks_size()));
    ss_park_and_flush(&faults);
    EXPLORER_CHECK(faults.count == 0);
    ss_purge_idle_slabs(headed_space(), true, SS_NO_END);
}

/* ---- the child ---- */

static void fork_now(void) {
    const bool yes = true;
    undo_write(&forked, &yes, sizeof yes);
    explorer_stay_alone();
    platform_forked();
}

static void child_uses_all(void) {
    void *small[SMALL_COUNT], *large[LARGE_COUNT];
    for (unsigned i = 0; i < SMALL_COUNT; i++)
        block_claim(small[i] = superslab_malloc(four_blocks_size()));
    for (unsigned i = 0; i < LARGE_COUNT; i++)
        block_claim(large[i] = superslab_malloc(LARGE));
    block_drop(kept);
    superslab_free(kept);
    block_drop(kept_large);
    superslab_free(kept_large);
    for (unsigned i = 0; i < SMALL_COUNT; i++) {
        block_drop(small[i]);
        superslab_free(small[i]);
    }
    for (unsigned i = 0; i < LARGE_COUNT; i++) {
        block_drop(large[i]);
        superslab_free(large[i]);
    }
}

static uint32_t run_check(const ss_space *space, uint32_t at) {
    const uint32_t length = ss_run_length(space, at);
    EXPLORER_CHECK(length != 0 && at + length <= space->granule_count);
    EXPLORER_CHECK(ss_run_length(space, at + length - 1) == length);
    EXPLORER_CHECK(ss_run_dirty(space, at, length) == space->granules[at].dirty);
    return length;
}

/* Checks that each granule is in one free run or in one span; returns the number in spans. */
static uint32_t space_check(ss_space *space) {
    uint32_t used = 0, dirty = 0, runs = 0, listed = 0;
    for (uint32_t at = 0; at < space->granule_count;) {
        const uint32_t entry = ss_entry_get(space, at), value = entry & SS_ENTRY_VALUE;
        uint32_t count = value;
        if (ss_entry_kind_of(entry) == SS_ENTRY_SLAB) {
            const ss_slab_view view = ss_slab_read(ss_slab_of_id(space, value));
            EXPLORER_CHECK(view.granule == at);
            count = view.class->granules;
        }
        if (count != 0) {
            used += count;
            EXPLORER_CHECK(ss_run_length(space, at) == 0);
        } else if (SS_HARDENED && ss_gap_is(space, at)) {
            count = 1;
            EXPLORER_CHECK(ss_run_length(space, at) == 0);
        } else {
            count = run_check(space, at);
            dirty += space->granules[at].dirty;
            runs++;
        }
        at += count;
    }
    for (uint32_t list = 0; list < SS_RUN_KINDS * SS_RUN_LISTS; list++)
        for (uint32_t at = space->runs.head[list]; at != 0; at = space->granules[at - 1].next)
            listed++;
    EXPLORER_CHECK(listed == runs);
    EXPLORER_CHECK(used == space->used_granules);
    EXPLORER_CHECK(dirty == space->dirty_granules);
    EXPLORER_CHECK(atomic_load(&space->held) <= HELD_MOST);
    return used;
}

/* Level 2: the memory of a cached span can be accessed, or its slot says that it cannot. */
static void shut_check(void) {
    ss_space *space = ss_space_headless();
    for (const ss_heap *heap = atomic_load(&ss_heaps->all); heap != NULL; heap = heap->next)
        for (uint32_t i = 0; i < SLOTS && SS_HARDENED >= 2; i++) {
            const uint64_t span = heap->large.span[i];
            EXPLORER_CHECK(span == 0 || (span & SS_CACHED_SHUT) != 0 ||
                           ss_gap_is_open(space, ss_cached_first(span), (uint32_t)span));
        }
}

/* Hardened: if the other thread was about to free `going`, the block is lost, and a free of it a second one. Its note is
 * written again, so that it can be freed and the rest be checked. */
static void going_restore(ss_space *space) {
    ss_seal seal = {.is_known = true};
    if (SS_HARDENED)
        ss_seal_look(space, going, &seal);
    if (!seal.is_known)
        ss_seal_large(going, SS_RETURN_MIN_BYTES, SS_TRAILER_MALLOC);
}

static void check(void) {
    explorer_become(0);
    shut_check();
    ss_space *space = ss_space_headless();
    if (ss_large_bytes(space, ss_space_granule(space, (uintptr_t)going)) == SS_RETURN_MIN_BYTES) {
        going_restore(space);
        superslab_free(going);
    }
    while (ss_heaps_flush_left())
        ;
    superslab_trim();
    /* The other thread's blocks and slabs may be lost. */
    for (uint32_t i = 0; i < ss_space_internal_count(); i++)
        EXPLORER_CHECK(space_check(ss_space_internal(i)) <= LOST_GRANULES);
    EXPLORER_CHECK(atomic_load(&ss_flushes) % 2 == 0);
    platform_thread_end();
}

/* ---- the scenarios ---- */

static void fork_and_use(void) {
    if (!forked)
        fork_now();
    child_uses_all();
}

static void spans_thread(unsigned index) {
    if (index == 0) {
        fork_and_use();
    } else {
        superslab_free(going);
        use_spans();
    }
}

const explorer_scenario scenario_fork_spans = {
    .name = "fork-spans",
    .title = "a fork while another thread takes, resizes, frees and purges large blocks",
    .threads = 2,
    .setup = setup,
    .thread = spans_thread,
    .check = check,
};

static void slabs_thread(unsigned index) {
    if (index == 0)
        fork_and_use();
    else
        use_slabs();
}

const explorer_scenario scenario_fork_slabs = {
    .name = "fork-slabs",
    .title = "a fork while another thread makes, ends and purges slabs",
    .threads = 2,
    .setup = setup,
    .thread = slabs_thread,
    .check = check,
};

static void parked_thread(unsigned index) {
    if (index == 0)
        fork_and_use();
    else
        park_others();
}

const explorer_scenario scenario_fork_parked = {
    .name = "fork-parked",
    .title = "a fork while another thread has parked the one that forks, and flushes its bins",
    .threads = 2,
    .setup = setup,
    .thread = parked_thread,
    .check = check,
};

/* ---- large caches ---- */

static void caches_setup(void) {
    for (unsigned thread = 0; thread < 2; thread++) {
        explorer_become(thread);
        for (unsigned i = 0; i <= SS_LARGE_CACHE_FREES; i++)
            superslab_free(superslab_malloc(LARGE));
    }
    explorer_become(0);
    explorer_interrupt_anywhere(NULL);
}

/* The second block is of the length that the other thread gives back. */
static void take_two_and_put(void) {
    void *one = superslab_malloc(LARGE), *other = superslab_malloc(LARGE);
    superslab_free(one);
    superslab_free(other);
}

static void caches_thread(unsigned index) {
    if (index == 0) {
        take_two_and_put();
        fork_now();
    } else {
        ss_flush_own_heap();
    }
}

static bool caches_have(const ss_heap *heap, uint64_t span) {
    const uint64_t flags = SS_CACHED_OLD | (SS_HARDENED >= 2 ? SS_CACHED_SHUT : 0);
    for (uint32_t i = 0; i < SLOTS; i++)
        if ((heap->large.span[i] & ~flags) == (span & ~flags))
            return true;
    return false;
}

/* In the child no two heaps have one span. */
static void caches_check(void) {
    shut_check();
    const ss_heap *first = atomic_load(&ss_heaps->all);
    for (const ss_heap *heap = first; heap != NULL; heap = heap->next)
        for (const ss_heap *other = heap->next; other != NULL; other = other->next)
            for (uint32_t i = 0; i < SLOTS; i++)
                EXPLORER_CHECK(heap->large.span[i] == 0 ||
                               !caches_have(other, heap->large.span[i]));
}

const explorer_scenario scenario_fork_caches = {
    .name = "fork-caches",
    .title = "a fork while a thread gives back a large cache, whose span another one has taken and "
             "freed",
    .threads = 2,
    .setup = caches_setup,
    .thread = caches_thread,
    .check = caches_check,
};

/* ---- a block in two large caches ---- */

static void *twice;

static void ignore(superslab_error error, const void *pointer, void *context) {
    (void)context;
    EXPLORER_CHECK(error == SUPERSLAB_ERROR_DOUBLE_FREE && pointer == twice);
}

static void twice_setup(void) {
    caches_setup();
    superslab_set_error_handler(ignore, NULL);
    twice = superslab_malloc(LARGE);
}

static void twice_thread(unsigned index) {
    superslab_free(twice);
    if (index == 0)
        fork_now();
}

const explorer_scenario scenario_fork_twice = {
    .name = "fork-twice",
    .title = "a fork while two threads free one large block into their caches",
    .threads = 2,
    .setup = twice_setup,
    .thread = twice_thread,
    .check = caches_check,
};

/* ---- in the handler of a signal ---- */

static void handler_setup(void) {
    setup();
    explorer_interrupt_anywhere(fork_now);
}

static void handler_thread(unsigned index) {
    if (index != 0) {
        use_spans();
        park_others();
        return;
    }
    use_spans();
    use_slabs();
    fork_and_use();
}

const explorer_scenario scenario_fork_handler = {
    .name = "fork-handler",
    .title = "a fork in a handler that has interrupted the allocator, beside another thread",
    .threads = 2,
    .setup = handler_setup,
    .thread = handler_thread,
    .check = check,
};
