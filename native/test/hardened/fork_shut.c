/* fork while other threads free large blocks, which level 2 makes inaccessible, and take them again: in the child each block
 * can be accessed, also those of a thread that gets the heap of one that is gone, and no two overlap. */
#include "barrier.h"
#include "block.h"
#include "check.h"
#include "child.h"
#include "extent.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>

enum {
    THREADS = 2,
    CHILDREN = CHECK_SCALED(200),
    BLOCKS = 6,
    SHORT = 200 << 10,
    STEP = 64 << 10,
    HEIRS = 3 * THREADS
};

static atomic_bool finished;
static barrier together = BARRIER(HEIRS);

static size_t size_of(unsigned i) {
    return SHORT + i % 3 * STEP;
}

/* Each free within the first 4,200 of a thread is shut. */
static void free_some(unsigned index, void *context) {
    enum { FREES = 2000 };
    (void)context;
    for (unsigned i = index; i < FREES; i++) {
        char *block = block_new(size_of(i));
        block[0] = block[size_of(i) - 1] = 'x';
        block = block_resize(block, size_of(i + 1));
        superslab_free(block);
    }
}

static void work(unsigned index, void *context) {
    while (!atomic_load_explicit(&finished, memory_order_relaxed))
        team_run(1, free_some, context);
    (void)index;
}

static void use(void) {
    extent extents[BLOCKS];
    for (unsigned i = 0; i < BLOCKS; i++) {
        char *block = block_new(size_of(i));
        for (size_t at = 0; at < size_of(i); at += 4096)
            block[at] = 'y';
        block[size_of(i) - 1] = 'y';
        extents[i] = (extent){(uintptr_t)block, size_of(i)};
    }
    extents_check_disjoint(extents, BLOCKS);
    for (unsigned i = 0; i < BLOCKS; i++)
        superslab_free((void *)extents[i].start);
}

/* All are alive at once, so they have all heaps that are left. */
static void heir(unsigned index, void *context) {
    (void)index, (void)context;
    superslab_free(block_new(1));
    barrier_wait(&together);
    use();
}

static void child_main(void *number) {
    (void)number;
    team_run(HEIRS, heir, NULL); /* before the scavenger empties the caches that are left */
    use();
    superslab_trim();
    const superslab_stats now = stats_now();
    stats_check_consistent(&now);
}

int main(void) {
    if (CHECK_TSAN)
        check_skip("ThreadSanitizer still knows the parent's threads in the child");
    superslab_free(block_new(1));
    const superslab_stats before = stats_start();
    team workers;
    team_start(&workers, THREADS, work, NULL);
    child_run_each(CHILDREN, child_main);
    atomic_store(&finished, true);
    team_join(&workers);
    stats_check_returned(&before);
}
