/* Any address may be inspected, also while the slab there ends and its addresses go back to the system. */
#include "check.h"

#include "space/grow.h"

#include <superslab.h>

#include <pthread.h>
#include <stdatomic.h>

enum { SIZE = 40000, COUNT = 200, ROUNDS = 600 };

static _Atomic uintptr_t addresses[COUNT];
static _Atomic bool ended;

/* The blocks are at the end of their space, which is cut off as after a refusal. */
static void *come_and_go(void *unused) {
    void *blocks[COUNT];
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < COUNT; i++) {
            CHECK((blocks[i] = superslab_malloc(SIZE)) != NULL);
            atomic_store(&addresses[i], (uintptr_t)blocks[i]);
        }
        for (unsigned i = 0; i < COUNT; i++)
            superslab_free(blocks[i]);
        superslab_trim();
        ss_space_shrink_all();
    }
    atomic_store(&ended, true);
    return unused;
}

int main(void) {
    unsigned seen_errors = 0;
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, come_and_go, NULL), 0);
    for (unsigned i = 0; !atomic_load(&ended); i++) {
        const uintptr_t address = atomic_load(&addresses[COUNT - 1 - i % COUNT]);
        superslab_inspection seen;
        superslab_inspect(address, &seen);
        seen_errors += superslab_check((const void *)address) != SUPERSLAB_OK;
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_GT(seen_errors, 0);
}
