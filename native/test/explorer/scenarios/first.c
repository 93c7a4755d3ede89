/* The first calls of a process, made by two threads at once, while a third asks about an address. */
#include "scenarios.h"

#include "front/lifecycle.h"

#include "window/holder.h"
#include "window/window.h"

static void setup(void) {}

static void thread(unsigned index) {
    if (index < 2) {
        void *block = superslab_malloc(100);
        block_claim(block);
        block_drop(block);
        superslab_free(block);
        platform_thread_end();
    } else {
        superslab_free(NULL);
        EXPLORER_CHECK(superslab_good_size(100) == 111 - SS_TRAILER_BYTES);
        EXPLORER_CHECK(superslab_check(&index) == SUPERSLAB_ERROR_UNKNOWN_POINTER);
    }
}

static void check(void) {
    check_nothing_left();
}

const explorer_scenario scenario_first = {
    .name = "first",
    .title = "the first calls of a process, made at once",
    .threads = 3,
    .setup = setup,
    .thread = thread,
    .check = check,
};

/* ---- the first of them is refused memory ---- */

static void refused_setup(void) {
    platform_refuse_space(SS_SPACE_MIN_BYTES);
}

static void refused_thread(unsigned index) {
    (void)index;
    void *block = superslab_malloc(100);
    if (block == NULL) /* at most once in all */
        block = superslab_malloc(100);
    block_claim(block);
    block_drop(block);
    superslab_free(block);
    platform_thread_end();
}

const explorer_scenario scenario_refused = {
    .name = "refused",
    .title = "the first calls, of which one is refused memory",
    .threads = 2,
    .setup = refused_setup,
    .thread = refused_thread,
    .check = check,
};

/* ---- a refused one, then another thread's ---- */

static void again_setup(void) {
    platform_refuse_space(SS_SPACE_MIN_BYTES);
}

static void again_thread(unsigned index) {
    if (index == 0) {
        /* Reads a class as soon as it has learned that another thread was not refused. */
        const uint32_t stride = ss_window_stride(SS_BIN_HEADED);
        EXPLORER_CHECK(stride == 0 || stride == 16);
    } else {
        superslab_free(superslab_malloc(100));
        platform_thread_end();
    }
}

const explorer_scenario scenario_refused_first = {
    .name = "refused-first",
    .title = "one is refused and learns at once that another was not",
    .threads = 2,
    .setup = again_setup,
    .thread = again_thread,
    .check = check,
};

/* ---- a refused one, which gets a heap when another thread's was not ---- */

static void heap_thread(unsigned index) {
    if (index != 0) {
        ss_process_ready();
        return;
    }
    ss_thread *self = ss_thread_self();
    ss_process_init();
    if (ss_thread_heap(&self) == NULL)
        return; /* no other thread has come so far */
    EXPLORER_CHECK(self->headed_base == headed_space()->base);
    platform_thread_end();
}

const explorer_scenario scenario_refused_heap = {
    .name = "refused-heap",
    .title = "one is refused, and gets a heap because another was not",
    .threads = 2,
    .setup = again_setup,
    .thread = heap_thread,
    .check = check,
};
