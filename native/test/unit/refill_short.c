/* A refill that gets fewer blocks than it asked for leaves the slots above them vacant: the one comparison of a free
 * finds room there, while a slot with any other value would send the free to a longer path. */
#include "base/thread.h"
#include "block.h"
#include "check.h"
#include "heap/bins.h"

enum { SIZE = 2000, MOST = 4096 };

static void *blocks[MOST];

static uint32_t cold_paths(void) {
    return atomic_load(&ss_thread_assigned_heap()->cold);
}

int main(void) {
    uint32_t count = 0, kept = 0, capacity = 0;
    unsigned bin = 0;
    bool is_short = false;
    superslab_free(block_new(SIZE)); /* the thread has a heap from here on */
    while (!is_short && count < MOST) {
        const uint32_t before = cold_paths();
        blocks[count++] = block_new(SIZE);
        bin = (unsigned)ss_headed_bin(blocks[0]);
        capacity = atomic_load(&ss_thread_assigned_heap()->bin[bin].capacity);
        kept = ss_bin_blocks(ss_thread_assigned_heap(), bin);
        is_short = cold_paths() != before && kept + 1 < (capacity + 1) / 2;
    }
    CHECK(is_short);
    void **slots = atomic_load(&ss_thread_assigned_heap()->bin[bin].slots);
    for (uint32_t i = kept + 1; i <= capacity; i++)
        CHECK_THAT(slots[i] == ss_bin_vacant(bin), "slot %u of %u, %u blocks", i, capacity, kept);
    CHECK_EQ((uintptr_t)slots[capacity + 1], (uintptr_t)SS_BIN_LID);
}
