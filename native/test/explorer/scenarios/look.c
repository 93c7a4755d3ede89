/* Questions about addresses while their contents change: a slab is made, a space is added, the error handler is
 * set. */
#include "scenarios.h"

#include "background/attend.h"
#include "base/report.h"
#include "front/cold.h"
#include "slab/block.h"
#include "slab/purge.h"
#include "space/grow.h"
#include "undo.h"

enum { HUGE = 6 << 20 };

static uintptr_t probed;
static size_t stride;

static void look_at(uintptr_t address) {
    superslab_inspection inspection;
    superslab_inspect(address, &inspection);
    if (inspection.block == 0)
        return;
    EXPLORER_CHECK(inspection.stride == stride);
    EXPLORER_CHECK(address - inspection.block < stride);
}

/* ---- a slab where none was ---- */

static void made_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
    stride = four_blocks_size() + SS_TRAILER_BYTES + 1;
    /* Where the first slab of the space will be. */
    probed = headed_space()->base + 3 * stride;
}

static void made_thread(unsigned index) {
    if (index == 0) {
        void *block = superslab_malloc(four_blocks_size());
        block_claim(block);
        block_drop(block);
        superslab_free(block);
        platform_thread_end();
    } else {
        look_at(probed);
        look_at(probed - 2 * stride);
    }
}

const explorer_scenario scenario_made = {
    .name = "made",
    .title = "a slab is made while others ask what lies there",
    .threads = 3,
    .setup = made_setup,
    .thread = made_thread,
    .check = check_nothing_left,
};

/* ---- a slab in place of one of another class, whose record it reuses ---- */

enum { OTHER_SIZE = 5000 };

static void again_setup(void) {
    made_setup();
    spares_forbid(ss_bin_of_size(OTHER_SIZE));
    superslab_free(superslab_malloc(OTHER_SIZE));
    ss_flush_own_heap();
}

static void again_check(void) {
    explorer_become(0);
    platform_thread_end();
    check_nothing_left();
}

const explorer_scenario scenario_again = {
    .name = "again",
    .title = "a slab is made where one of another class was while others ask",
    .threads = 3,
    .setup = again_setup,
    .thread = made_thread,
    .check = again_check,
};

/* ---- a slab that ends, and whose addresses go back to the system ---- */

static void *last;

static void shrink_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
    platform_purge();
    spares_forbid(four_blocks_bin());
    stride = four_blocks_size() + SS_TRAILER_BYTES + 1;
    explorer_become(0);
    last = superslab_malloc(four_blocks_size());
}

static void shrink_thread(unsigned index) {
    if (index == 0) {
        superslab_free(last);
        ss_flush_own_heap();
        ss_space_shrink_all();
    } else {
        look_at((uintptr_t)last);
    }
}

const explorer_scenario scenario_shrink = {
    .name = "shrink",
    .title = "a space's end is decommitted while another thread asks what lies there",
    .threads = 2,
    .setup = shrink_setup,
    .thread = shrink_thread,
    .check = again_check,
};

/* ---- the same when memory was refused: the slab was kept, and no flush ends with a fence after its end ---- */

static void recover_setup(void) {
    made_setup();
    platform_purge();
    ss_slab *slab = ss_slab_make(headed_space(), four_blocks_bin(), 1);
    last = (void *)ss_slab_base(headed_space(), ss_slab_read(slab));
    ss_slab_abandon_whole(slab);
    EXPLORER_CHECK(atomic_load(ss_slab_spares(headed_space(), four_blocks_bin())) == 1);
}

static void recover_thread(unsigned index) {
    if (index == 0)
        ss_purge_recover();
    else
        look_at((uintptr_t)last);
}

const explorer_scenario scenario_recover = {
    .name = "recover",
    .title = "a spare ends and its addresses go back while another thread asks what lies there",
    .threads = 2,
    .setup = recover_setup,
    .thread = recover_thread,
    .check = again_check,
};

/* ---- a granule behind the first slab of a space ---- */

static void behind_thread(unsigned index) {
    if (index == 0)
        made_thread(index);
    else
        look_at(probed + 2 * SS_GRANULE_BYTES);
}

const explorer_scenario scenario_behind = {
    .name = "behind",
    .title = "a slab is made while another thread asks what lies behind it",
    .threads = 2,
    .setup = made_setup,
    .thread = behind_thread,
    .check = check_nothing_left,
};

/* ---- a slab of aligned blocks where none was, and the part of the table that describes them ---- */

enum { ALIGNED_SIZE = 16384, INSIDE = 64, WRONG_FREES = 2 };

static unsigned wrong_frees;

static void count(superslab_error error, const void *pointer, void *context) {
    (void)error;
    (void)context;
    EXPLORER_CHECK((uintptr_t)pointer == probed + INSIDE ||
                   (uintptr_t)pointer == probed + ALIGNED_SIZE);
    const unsigned more = wrong_frees + 1;
    undo_write(&wrong_frees, &more, sizeof more);
}

static void aligned_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
    superslab_set_error_handler(count, NULL);
    const ss_space *headless = ss_space_add(SS_SPACE_HEADLESS, SS_SUPERSLAB_BYTES);
    EXPLORER_CHECK(headless != NULL);
    probed = headless->base;
}

static void aligned_thread(unsigned index) {
    if (index == 0) {
        void *block = superslab_aligned_alloc(ALIGNED_SIZE, ALIGNED_SIZE);
        EXPLORER_CHECK((uintptr_t)block == probed);
        block_claim(block);
        block_drop(block);
        superslab_free(block);
        platform_thread_end();
    } else {
        superslab_free((void *)(probed + ALIGNED_SIZE)); /* a block that was never handed out */
        superslab_free((void *)(probed + INSIDE));
    }
}

static void aligned_check(void) {
    EXPLORER_CHECK(wrong_frees == WRONG_FREES);
    check_nothing_left();
}

const explorer_scenario scenario_aligned = {
    .name = "aligned",
    .title = "a slab of aligned blocks is made and ends while another thread frees what is no "
             "block of it",
    .threads = 2,
    .setup = aligned_setup,
    .thread = aligned_thread,
    .check = aligned_check,
};

/* ---- a space where none was ---- */

static void space_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
}

static void space_thread(unsigned index) {
    if (index < 2) {
        void *block = superslab_malloc(HUGE);
        EXPLORER_CHECK(block != NULL);
        undo_write(&probed, &block, sizeof block);
        superslab_free(block);
    } else {
        superslab_inspection inspection;
        superslab_inspect((uintptr_t)&inspection, &inspection);
        EXPLORER_CHECK(inspection.block == 0);
        superslab_inspect(probed, &inspection);
    }
}

const explorer_scenario scenario_space = {
    .name = "space",
    .title = "two threads add a space at once while a third asks about addresses",
    .threads = 3,
    .setup = space_setup,
    .thread = space_thread,
    .check = check_nothing_left,
};

/* ---- the first headless space, while a thread without a heap frees and asks for a size ---- */

enum { LARGE = 200 << 10 };

static void *kept;

static void unknown(superslab_error error, const void *pointer, void *context) {
    (void)error; /* the block may not be there yet */
    (void)context;
    EXPLORER_CHECK((uintptr_t)pointer == probed);
}

static void headless_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
    superslab_set_error_handler(unknown, NULL);
    probed = 0;
    explorer_become(0);
    kept = superslab_malloc(100);
}

static void headless_thread(unsigned index) {
    if (index == 0) {
        void *block = superslab_malloc(LARGE);
        EXPLORER_CHECK(block != NULL);
        undo_write(&probed, &block, sizeof block);
    } else {
        const size_t usable = superslab_usable_size((void *)probed);
        EXPLORER_CHECK(usable == 0 || usable >= LARGE);
        superslab_free(kept);
    }
}

static void headless_check(void) {
    explorer_become(0);
    superslab_free((void *)probed);
    for (unsigned i = 0; i < 2; i++) {
        explorer_become(i);
        platform_thread_end();
    }
    check_nothing_left();
}

const explorer_scenario scenario_headless = {
    .name = "headless",
    .title = "the first headless space is made while another thread frees and asks for a size",
    .threads = 2,
    .setup = headless_setup,
    .thread = headless_thread,
    .check = headless_check,
};

/* ---- a handler that is exchanged ---- */

static char contexts[2];

static void handle_first(superslab_error error, const void *pointer, void *context) {
    (void)error;
    (void)pointer;
    (void)context; /* of either: it is stored first */
}

static void handle_second(superslab_error error, const void *pointer, void *context) {
    (void)error;
    (void)pointer;
    EXPLORER_CHECK(context == &contexts[1]);
}

static void handler_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
    superslab_set_error_handler(handle_first, &contexts[0]);
}

static void handler_thread(unsigned index) {
    if (index == 0)
        superslab_set_error_handler(handle_second, &contexts[1]);
    else
        superslab_free(contexts);
}

const explorer_scenario scenario_handler = {
    .name = "handler",
    .title = "an error is reported while its handler is set",
    .threads = 2,
    .setup = handler_setup,
    .thread = handler_thread,
    .check = check_nothing_left,
};

/* ---- a fault that the background thread has found, reported by another ---- */

static unsigned reported;

static void note(superslab_error error, const void *pointer, void *context) {
    (void)context;
    EXPLORER_CHECK(error == SUPERSLAB_ERROR_DOUBLE_FREE && pointer == contexts);
    const unsigned more = reported + 1;
    undo_write(&reported, &more, sizeof more);
}

static void late_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
    superslab_set_error_handler(note, NULL);
}

static void late_thread(unsigned index) {
    if (index == 0) {
        ss_faults faults = {.count = 0};
        ss_fault_add(&faults, SUPERSLAB_ERROR_DOUBLE_FREE, contexts);
        ss_report_defer(&faults);
    } else {
        ss_attend();
    }
}

static void late_check(void) {
    ss_attend();
    EXPLORER_CHECK(reported == 1); /* the thread that clears the bit finds the fault */
    check_nothing_left();
}

const explorer_scenario scenario_late = {
    .name = "late",
    .title = "a fault of the background thread's is reported by one of two others",
    .threads = 3,
    .setup = late_setup,
    .thread = late_thread,
    .check = late_check,
};
