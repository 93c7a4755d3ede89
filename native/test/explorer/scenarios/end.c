/* A thread ends while another one frees blocks of its slab and flushes them, and a third is born, which
 * may get the heap and the slab that the first one leaves. */
#include "scenarios.h"

#include "front/cold.h"
#include "slab/block.h"

static void *kept, *given[2];

static void setup(void) {
    const size_t size = ss_process_ready() ? four_blocks_size() : 0;
    spares_forbid(four_blocks_bin());
    explorer_become(0);
    kept = superslab_malloc(size);
    for (unsigned i = 0; i < 2; i++)
        block_claim(given[i] = superslab_malloc(size));
    block_claim(kept);
    explorer_become(1);
    superslab_free(superslab_malloc(16));
}

static void thread(unsigned index) {
    switch (index) {
    case 0:
        block_drop(kept);
        superslab_free(kept);
        platform_thread_end();
        break;
    case 1:
        for (unsigned i = 0; i < 2; i++) {
            block_drop(given[i]);
            superslab_free(given[i]);
        }
        ss_flush_own_heap();
        break;
    case 2: {
        void *block = superslab_malloc(four_blocks_size());
        block_claim(block);
        block_drop(block);
        superslab_free(block);
        platform_thread_end();
        break;
    }
    }
}

static void check(void) {
    explorer_become(1);
    platform_thread_end();
    listed_end(four_blocks_bin());
    check_nothing_left();
}

const explorer_scenario scenario_end = {
    .name = "end",
    .title = "a thread ends, another frees into its slab, a third is born",
    .threads = 3,
    .setup = setup,
    .thread = thread,
    .check = check,
};
