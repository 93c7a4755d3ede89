/* A fork while another thread retires a window, and waits for a visitor of it. The child has no such thread: it makes
 * the window again and uses it. */
#include "check.h"
#include "child.h"
#include "isolate.h"
#include "stats.h"
#include "team.h"

#include "window/windows.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { LIMIT = 16 << 20, SIZE = 100000 };

static window_memory memory;
static _Atomic(ss_window *) visited;

static ss_api_window_stats now(void) {
    ss_api_window_stats stats;
    ss_api_own()->window_stats(NULL, &stats);
    return stats;
}

static void come_and_go(unsigned index, void *context) {
    static isolate self;
    (void)index;
    (void)context;
    CHECK(isolate_join(&self, &memory));
    CHECK_NE(isolate_malloc(&self, SIZE), ISOLATE_NONE); /* the child's window has it no longer */
    atomic_store(&visited, ss_window_hold((uintptr_t)memory.base));
    isolate_leave(&self);
}

static void child(void *context) {
    static isolate self;
    (void)context;
    CHECK_EQ(now().windows, 0);
    CHECK(isolate_join(&self, &memory));
    CHECK_EQ(now().windows, 1);
    CHECK_EQ(now().live_blocks, 0);
    /* All but the first granule, where no block starts. */
    CHECK_EQ(isolate_malloc(&self, LIMIT - SS_GRANULE_BYTES), SS_GRANULE_BYTES);
    CHECK_EQ(superslab_window_free(memory.base + SS_GRANULE_BYTES), SUPERSLAB_OK);
    isolate_leave(&self);
    CHECK_EQ(now().windows, 0);
}

int main(void) {
    /* The child frees enough to want the scavenger, and ThreadSanitizer lets no thread start there. */
    setenv("SUPERSLAB_DECAY", "-1", 1);
    const superslab_stats before = stats_start();
    memory = window_map(LIMIT);
    team other;
    team_start(&other, 1, come_and_go, NULL);
    /* It is being retired once it is no longer counted, for as long as the visitor stays. */
    while (atomic_load(&visited) == NULL || now().windows != 0)
        sched_yield();
    const child_result result = child_run(child, NULL);
    child_check_clean(&result);
    ss_window_release(atomic_load(&visited));
    team_join(&other);
    stats_check_returned(&before);
    window_unmap(&memory);
}
