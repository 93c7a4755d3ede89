/* The first calls of a process come from many threads at the same moment. */
#include "check.h"
#include "child.h"
#include "parcel.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <sys/mman.h>

enum { THREADS = 4, SPINNERS = 2, CHILDREN = CHECK_SCALED(100), BLOCKS = 200 };

static atomic_uint arrived;

static void work(unsigned index, void *context) {
    (void)context;
    parcel *mine[BLOCKS];
    /* Not a barrier that sleeps: the first two must be running when it opens. */
    atomic_fetch_add(&arrived, 1);
    while (atomic_load_explicit(&arrived, memory_order_relaxed) < SPINNERS)
        ;
    for (unsigned i = 0; i < BLOCKS; i++)
        mine[i] = parcel_new(sizeof(parcel) + (index * 977 + i * 131) % 90000, index * BLOCKS + i);
    for (unsigned i = 0; i < BLOCKS; i++)
        parcel_free(mine[i]);
}

static void alone(void *reserved) {
    stats_start();
    superslab_free(superslab_malloc(100000)); /* makes the first space for large blocks */
    *(uint64_t *)reserved = stats_now().reserved_bytes;
}

static void grandchild_main(void *unused) {
    (void)unused;
    superslab_free(superslab_malloc(100));
}

static void child_main(void *reserved) {
    team_run(THREADS, work, NULL);
    const superslab_stats now = stats_now();
    /* One of them initialised: no second region was reserved, and fork takes each lock once. */
    CHECK_LE(now.reserved_bytes, *(uint64_t *)reserved + (256 << 20));
    const child_result result = child_run(grandchild_main, NULL);
    child_check_clean(&result);
    CHECK_EQ(now.live_blocks, 0);
    CHECK_EQ(now.live_bytes, 0);
    stats_check_consistent(&now);
}

int main(void) {
    uint64_t *reserved =
        mmap(NULL, sizeof *reserved, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(reserved != MAP_FAILED);
    child_result result = child_run(alone, reserved);
    child_check_clean(&result);
    CHECK_GT(*reserved, 0);
    for (int i = 0; i < CHILDREN; i++) {
        result = child_run(child_main, reserved);
        child_check_clean(&result);
    }
}
