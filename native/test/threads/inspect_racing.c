/* inspect at an address that another thread maps, protects and unmaps all the time; and at blocks that
 * others allocate and free. There is never a fault, and every answer was true at some moment of the call. */
#include "block.h"
#include "check.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <sys/mman.h>

enum { INSPECTIONS = CHECK_SCALED(300000), BYTES = 16384, BLOCKS = 64 };

static char *volatile place; /* written before the threads start */
static atomic_bool finished;
static _Atomic uintptr_t blocks[BLOCKS];

static void remap(void) {
    while (!atomic_load(&finished)) {
        CHECK_EQ(munmap(place, BYTES), 0);
        CHECK(mmap(place, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                   -1, 0) == place);
        place[0] = 1;
        CHECK_EQ(mprotect(place, BYTES, PROT_NONE), 0);
        CHECK_EQ(mprotect(place, BYTES, PROT_READ | PROT_WRITE), 0);
    }
}

static void reallocate(void) {
    for (unsigned i = 0; !atomic_load(&finished); i++) {
        const size_t at = i % BLOCKS;
        superslab_free((void *)atomic_exchange(&blocks[at], 0));
        atomic_store(&blocks[at], (uintptr_t)block_new(at % 8 == 0 ? 100000 : at * 100));
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        superslab_free((void *)atomic_exchange(&blocks[i], 0));
}

static void inspect(void) {
    superslab_inspection found;
    for (unsigned i = 0; i < INSPECTIONS; i++) {
        superslab_inspect((uintptr_t)place + i % BYTES, &found);
        CHECK(found.kind == SUPERSLAB_ADDRESS_FOREIGN || found.kind == SUPERSLAB_ADDRESS_NO_ACCESS);
        const uintptr_t block = atomic_load(&blocks[i % BLOCKS]);
        if (block == 0)
            continue;
        superslab_inspect(block + i % 32, &found);
        CHECK_LE(found.kind, SUPERSLAB_ADDRESS_UNUSED);
        if (found.kind == SUPERSLAB_ADDRESS_LIVE)
            CHECK_EQ(found.block, block + i % 32);
    }
    atomic_store(&finished, true);
}

static void work(unsigned index, void *context) {
    (void)context;
    if (index == 0)
        inspect();
    else if (index == 1)
        remap();
    else
        reallocate();
}

int main(void) {
    const superslab_stats before = stats_start();
    /* In the middle of a larger mapping: the hole is too small for what others map meanwhile. */
    char *around =
        mmap(NULL, 3 * BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(around != MAP_FAILED);
    place = around + BYTES;
    team_run(3, work, NULL);
    stats_check_returned(&before);
}
