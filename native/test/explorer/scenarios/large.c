/* Large and aligned blocks, whose granules are joined and split, and one aligned block that two threads free at once:
 * exactly one of them finds it live. */
#include "scenarios.h"

#include "front/cold.h"
#include "undo.h"

#include "slab/block.h"

enum { LARGE = 200 << 10, SIZE = 16384 };

static void *twice, *handed;
static uint32_t reports;

static void report(superslab_error error, const void *pointer, void *context) {
    (void)context;
    /* The slab may have gone with it. */
    EXPLORER_CHECK(pointer == twice && (error == SUPERSLAB_ERROR_DOUBLE_FREE ||
                                        error == SUPERSLAB_ERROR_UNKNOWN_POINTER));
    const uint32_t more = reports + 1;
    undo_write(&reports, &more, sizeof more);
}

static void setup(void) {
    superslab_set_error_handler(report, NULL);
    twice = superslab_aligned_alloc(SIZE, SIZE);
    handed = superslab_malloc(LARGE);
    block_claim(handed);
    ss_flush_own_heap();
}

static void thread(unsigned index) {
    switch (index) {
    case 0:
        superslab_free(twice);
        ss_flush_own_heap();
        break;
    case 1: {
        superslab_free(twice);
        void *large = superslab_malloc(LARGE);
        block_claim(large);
        block_drop(large);
        superslab_free(large);
        break;
    }
    case 2: {
        superslab_inspection inspection;
        block_drop(handed);
        superslab_inspect((uintptr_t)handed, &inspection);
        EXPLORER_CHECK(inspection.kind == SUPERSLAB_ADDRESS_LIVE);
        superslab_free(handed);
        superslab_inspect((uintptr_t)handed, &inspection);
        break;
    }
    }
}

static void check(void) {
    EXPLORER_CHECK(reports == 1);
    for (unsigned i = 0; i < 3; i++) {
        explorer_become(i);
        platform_thread_end();
    }
    check_nothing_left();
}

const explorer_scenario scenario_large = {
    .name = "large",
    .title = "large blocks join and part; two threads free one aligned block at once",
    .threads = 3,
    .setup = setup,
    .thread = thread,
    .check = check,
};
