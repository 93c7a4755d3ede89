/* Each invariant that a checked build checks, broken by hand in a process of its own: the check trips, prints its
 * condition and aborts. Only a build with SUPERSLAB_CHECKED has them. */
#include "check.h"

#include "child.h"
#include "heap/heap_checks.h"
#include "membarrier.h"
#include "slab/owner.h"
#include "slab/slab_checks.h"
#include "slab/state.h"
#include "space/space_checks.h"
#include "space/span.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* MID: so few blocks a slab that heaps keep none by plain stores. */
enum { MID = 2000, LARGE = 1 << 20, MANY = 4096, TRIMS = 100000 };

static void *volatile last; /* so that no allocation is optimised away */

static void take_many(size_t size) {
    for (unsigned i = 0; i < MANY; i++)
        last = superslab_malloc(size);
}

static ss_slab *slab_around(const void *block) {
    return ss_slab_find(ss_space_find((uintptr_t)block), (uintptr_t)block);
}

/* A slab that the calling thread's heap owns and takes from next. */
static ss_slab *own_slab(void) {
    last = superslab_malloc(MID);
    return slab_around(last);
}

static void bits_cleared(void) {
    ss_slab *slab = own_slab();
    for (uint32_t word = 0; word < ss_class_words(ss_slab_read(slab).class); word++)
        atomic_store(&slab->bits[word], 0);
    take_many(MID);
}

static void count_too_high(void) {
    ss_slab *slab = own_slab();
    atomic_fetch_add(&slab->state, ss_slab_read(slab).class->capacity);
    superslab_free(last);
    superslab_trim();
}

static void count_too_high_when_let_go(void) {
    ss_slab *slab = own_slab();
    atomic_fetch_add(&slab->state, ss_slab_read(slab).class->capacity);
    ss_slab_abandon(slab);
}

static void owner_another(void) {
    ss_slab *slab = own_slab();
    atomic_fetch_add(&slab->state, UINT64_C(1) << SS_STATE_OWNER_SHIFT);
    take_many(MID);
}

static void slab_shared_without_owner(void) {
    ss_slab *slab = own_slab();
    atomic_fetch_and(&slab->state, ~SS_STATE_OWNED);
    atomic_store(&slab->owner_free, 1);
    ss_owner_share(slab);
}

static void slab_taken_without_owner(void) {
    void *block;
    ss_slab *slab = own_slab();
    atomic_fetch_and(&slab->state, ~SS_STATE_OWNED);
    atomic_store(&slab->owner_free, 1);
    ss_slab_take(slab, &block, 1);
}

static ss_bin *own_bin(unsigned *bin) {
    *bin = ss_slab_read(own_slab()).bin;
    *bin = ss_bin_outlet(*bin);
    return &ss_thread_assigned_heap()->bin[*bin];
}

static void lid_removed(void) {
    unsigned bin;
    ss_bin *own = own_bin(&bin);
    atomic_load(&own->slots)[atomic_load(&own->capacity) + 1] = NULL;
    take_many(MID);
}

static void slot_not_vacant(void) {
    unsigned bin;
    own_bin(&bin);
    atomic_load(&ss_thread_assigned_heap()->top[bin])[1] = last;
    superslab_trim();
}

/* The first granule of a free run between two blocks; *count is its length. */
static ss_space *space_with_run(uint32_t *first, uint32_t *count) {
    void *blocks[3];
    for (unsigned i = 0; i < 3; i++)
        last = blocks[i] = superslab_malloc(LARGE);
    ss_space *space = ss_space_find((uintptr_t)blocks[1]);
    superslab_free(blocks[1]);
    *first = ss_space_granule(space, (uintptr_t)blocks[1]);
    *count = ss_run_length(space, *first);
    CHECK_EQ(*count, LARGE >> SS_GRANULE_SHIFT);
    return space;
}

static void length_another(void) {
    uint32_t first, count;
    ss_space *space = space_with_run(&first, &count);
    space->granules[first + count - 1].length--;
    last = superslab_malloc(LARGE);
}

static void dirty_of_run(void) {
    uint32_t first, count;
    ss_space *space = space_with_run(&first, &count);
    space->granules[first].dirty--;
    last = superslab_malloc(LARGE);
}

static void dirty_of_space(void) {
    uint32_t first, count;
    ss_space *space = space_with_run(&first, &count);
    space->dirty_granules++;
    for (unsigned i = 0; i < 2 * SS_CHECK_RELEASES; i++)
        superslab_free(superslab_malloc(LARGE));
}

static void released_without_lock(void) {
    uint32_t first, count;
    ss_space *space = space_with_run(&first, &count);
    ss_span_release_locked(space, first + count, count, SS_RUN_DIRTY);
}

static void taken_without_lock(void) {
    uint32_t first, count;
    ss_space *space = space_with_run(&first, &count);
    ss_span_take_locked(space, count, 1, NULL);
}

static void parked_without_lock(void) {
    ss_slab_adopt(ss_space_internal(0), ss_slab_read(own_slab()).bin, SS_OWNER_PARKER);
}

static _Atomic(ss_thread *) sleeper;
static pthread_mutex_t asleep = PTHREAD_MUTEX_INITIALIZER;

static void *sleep_with_heap(void *unused) {
    last = superslab_malloc(MID);
    atomic_store(&sleeper, ss_thread_self());
    pthread_mutex_lock(&asleep); /* for ever */
    return unused;
}

static void *open_sleeper(void *unused) {
    for (;;)
        atomic_store(&atomic_load(&sleeper)->tiny_end, 1);
    return unused;
}

static void bound_of_closed_thread(void) {
    pthread_t threads[2];
    pthread_mutex_lock(&asleep);
    CHECK_EQ(pthread_create(&threads[0], NULL, sleep_with_heap, NULL), 0);
    while (atomic_load(&sleeper) == NULL)
        sched_yield();
    CHECK_EQ(pthread_create(&threads[1], NULL, open_sleeper, NULL), 0);
    for (unsigned i = 0; i < TRIMS; i++)
        superslab_trim();
}

typedef struct invariant {
    void (*broken)(void);
    const char *decay; /* of SUPERSLAB_DECAY; -1: no thread but the test's, and no barrier */
    const char *text;
} invariant;

static const invariant invariants[] = {
    {bits_cleared, "-1", "ss_check_bits(slab, view.class, there) ("},
    {count_too_high, "-1", "(next & SS_STATE_COUNT) <= ss_class_capacity(view.class) ("},
    {count_too_high_when_let_go, "-1", "count <= ss_class_capacity(view.class) ("},
    {owner_another, "-1", "ss_check_owner(slab, heap->id) ("},
    {slab_shared_without_owner, "-1", "ss_check_owned(slab) ("},
    {slab_taken_without_owner, "-1", "ss_check_owned(slab) ("},
    {lid_removed, "-1", "ss_check_bin(heap, bin) ("},
    {slot_not_vacant, "-1", "ss_check_bin(heap, bin) ("},
    {length_another, "-1", "ss_check_run(space, first) ("},
    {dirty_of_run, "-1", "ss_check_run(space, first) ("},
    {dirty_of_space, "-1", "ss_check_dirty(space) ("},
    {released_without_lock, "-1", "ss_check_held(&space->lock) ("},
    {taken_without_lock, "-1", "ss_check_held(&space->lock) ("},
    {parked_without_lock, "-1", "owner != SS_OWNER_PARKER || ss_park_lock_is_mine() ("},
    {bound_of_closed_thread, "3600000", "ss_check_closed(heap->thread) ("},
};

static void break_it(void *context) {
    const invariant *one = context;
    CHECK_EQ(setenv("SUPERSLAB_DECAY", one->decay, 1), 0);
    one->broken();
}

int main(void) {
#ifndef SUPERSLAB_CHECKED
    check_skip("this build checks no invariants: SUPERSLAB_CHECKED");
#endif
    for (size_t i = 0; i < sizeof invariants / sizeof *invariants; i++) {
        const invariant *one = &invariants[i];
        if (one->broken == bound_of_closed_thread && !membarrier_available())
            continue; /* no thread is ever parked */
        if (CHECK_HARDENED >= 2 && (one->broken == length_another || one->broken == dirty_of_run ||
                                    one->broken == dirty_of_space ||
                                    one->broken == released_without_lock ||
                                    one->broken == taken_without_lock))
            continue; /* a gap is part of the run between two large blocks */
        const child_result result = child_run(break_it, (void *)(uintptr_t)one);
        char expected[256];
        snprintf(expected, sizeof expected, "superslab: check failed: %s", one->text);
        CHECK_THAT(result.signal == SIGABRT, "%s: signal %d, exit code %d, %s", one->text,
                   result.signal, result.code, result.text);
        CHECK_THAT(strstr(result.text, expected) != NULL, "%s: %s", one->text, result.text);
    }
}
