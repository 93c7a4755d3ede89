/* What an isolate asks about lengths while another one changes them: of a block that is made, and of the window. */
#include "scenarios.h"

#include "memory.h"
#include "window/blocks.h"
#include "window/holder.h"

#include <stdatomic.h>

/* No block is in a window's first granule. */
enum { WINDOW_BYTES = 8 * (64 << 10), FIRST = 64 << 10, MINE = 2 * (64 << 10) };

static _Alignas(1 << 16) char memory[WINDOW_BYTES];
static _Alignas(1 << 12) uint8_t table[WINDOW_BYTES >> SS_LIVE_SHIFT];
static uint32_t magazines[SS_LIVE_CLASSES * SS_MAGAZINE_WORDS];
static ss_holder *holder;

static void join(size_t bytes) {
    const ss_api_window window = {memory, bytes, WINDOW_BYTES, table};
    holder = ss_window_join(&window, magazines);
    EXPLORER_CHECK(holder != NULL);
}

/* ---- a block ---- */

static void take(void) {
    EXPLORER_CHECK(ss_window_take(holder, MINE) == FIRST);
}

static void size_check(void) {
    EXPLORER_CHECK(ss_window_give_held(holder, FIRST) == SUPERSLAB_OK);
}

static void size_setup(void) {
    join(WINDOW_BYTES);
    /* Publishes the first figures, which takes the lock of the windows. */
    take();
    size_check();
}

static void size_thread(unsigned index) {
    if (index == 0) {
        take();
        return;
    }
    /* As JavaScript reads the byte. */
    const uint64_t kind = memory_load(&table[FIRST >> SS_LIVE_SHIFT], 1, memory_order_relaxed,
                                      __builtin_return_address(0));
    if (kind != 0)
        EXPLORER_CHECK(superslab_window_usable_size(memory + FIRST) == MINE);
}

const explorer_scenario scenario_size = {
    .name = "size",
    .title = "a large block of a window is made, and a thread that finds it live gets its length",
    .threads = 2,
    .setup = size_setup,
    .thread = size_thread,
    .check = size_check,
};

/* ---- the window ---- */

static void grow_setup(void) {
    join(WINDOW_BYTES / 2);
}

static void grow_thread(unsigned index) {
    if (index == 0) {
        memory_commit(memory + WINDOW_BYTES / 2, WINDOW_BYTES / 2);
        ss_window_grow(holder, WINDOW_BYTES);
    } else if (ss_window_bytes(holder) == WINDOW_BYTES) {
        memory_plain(memory + WINDOW_BYTES / 2, sizeof(uint64_t), true,
                     __builtin_return_address(0));
    }
}

static void grow_check(void) {
    EXPLORER_CHECK(ss_window_bytes(holder) == WINDOW_BYTES);
}

const explorer_scenario scenario_window_grow = {
    .name = "window-grow",
    .title = "a window is made longer while another isolate asks how long it is",
    .threads = 2,
    .setup = grow_setup,
    .thread = grow_thread,
    .check = grow_check,
};
