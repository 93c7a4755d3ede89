/* Windows: isolates free one block in the same instant while a third one comes to own it. What JavaScript does is
 * done here as it does it: plain loads and stores of a byte, which to the model are relaxed ones. Two owners may
 * have one memory meanwhile. What must hold: the owner of each block that the table calls live can free it, the block's
 * size is reported correctly or as unknown, and in the end the whole window can be allocated. */
#include "scenarios.h"

#include "memory.h"
#include "undo.h"
#include "window/windows.h"

#include "window/blocks.h"
#include "window/holder.h"
#include "window/magazine.h"

#include <stdatomic.h>

enum { GRANULES = 7, WINDOW_BYTES = GRANULES * (64 << 10), SIZE = 16 << 10, NONE = -1 };
_Static_assert(WINDOW_BYTES >> SS_SPARES_SHARE_SHIFT < SS_GRANULE_BYTES,
               "a slab without blocks ends, rather than being kept as a spare");
enum { MINE = 2 * (64 << 10), OTHERS = 3 * (64 << 10) }; /* large blocks of two owners */

typedef struct isolate {
    ss_holder *holder;
    uint32_t magazines[SS_LIVE_CLASSES * SS_MAGAZINE_WORDS];
} isolate;

static _Alignas(1 << 16) char memory[WINDOW_BYTES];
static _Alignas(1 << 12) uint8_t table[WINDOW_BYTES >> SS_LIVE_SHIFT];
static isolate isolates[EXPLORER_THREADS_MAX];
static unsigned bin;
static uint32_t twice;                       /* freed by two */
static int64_t got[EXPLORER_THREADS_MAX];    /* by each thread, or NONE */
static size_t lengths[EXPLORER_THREADS_MAX]; /* that its owner knows */

/* ---- an isolate ---- */

static uint8_t kind_of(int64_t block) {
    return (uint8_t)memory_load(&table[block >> SS_LIVE_SHIFT], 1, memory_order_relaxed,
                                __builtin_return_address(0));
}

static void kind_set(int64_t block, uint8_t kind) {
    memory_store(&table[block >> SS_LIVE_SHIFT], 1, kind, memory_order_relaxed,
                 __builtin_return_address(0));
}

static void word_set(uint32_t *word, uint32_t value) {
    undo_write(word, &value, sizeof value);
}

static uint32_t *magazine_of(unsigned self, unsigned of) {
    return isolates[self].magazines + of * SS_MAGAZINE_WORDS;
}

static int64_t block_take(unsigned self) {
    uint32_t *magazine = magazine_of(self, bin);
    for (;;) {
        if (magazine[0] == 0 && ss_magazine_refill(isolates[self].holder, bin) <= 0)
            return NONE;
        const int64_t block = magazine[SS_MAGAZINE_HEAD + magazine[0] - 1];
        word_set(magazine, magazine[0] - 1);
        if (kind_of(block) != 0)
            continue;
        kind_set(block, (uint8_t)(bin + 1));
        return block;
    }
}

/* The part of a free after the block was found live. */
static void block_push(unsigned self, int64_t block, unsigned of) {
    uint32_t *magazine = magazine_of(self, of);
    if (magazine[0] == magazine[1])
        ss_magazine_flush(isolates[self].holder, of);
    kind_set(block, 0);
    word_set(&magazine[SS_MAGAZINE_HEAD + magazine[0]], (uint32_t)block);
    word_set(magazine, magazine[0] + 1);
}

static superslab_error block_free(unsigned self, int64_t block) {
    const uint8_t kind = kind_of(block);
    if (kind == 0 || kind > SS_LIVE_CLASSES)
        return ss_window_give_held(isolates[self].holder, (uint32_t)block);
    block_push(self, block, kind - 1u);
    return SUPERSLAB_OK;
}

static void block_note(unsigned thread, int64_t block, size_t length) {
    undo_write(&got[thread], &block, sizeof block);
    undo_write(&lengths[thread], &length, sizeof length);
}

/* ---- what they share ---- */

static void begin(unsigned count) {
    const ss_api_window window = {memory, WINDOW_BYTES, WINDOW_BYTES, table};
    for (unsigned i = 0; i < EXPLORER_THREADS_MAX; i++)
        got[i] = NONE;
    for (unsigned i = 0; i < count; i++) {
        isolates[i].holder = ss_window_join(&window, isolates[i].magazines);
        EXPLORER_CHECK(isolates[i].holder != NULL);
    }
    bin = 0;
    while (ss_window_stride(bin) < SIZE)
        bin++;
    for (unsigned i = 0; i < count; i++) /* one block a batch */
        magazine_of(i, bin)[1] = 1;
}

static bool window_is_free(void) {
    ss_api_window_stats stats;
    ss_window_stats(isolates[0].holder, &stats);
    /* All but the first granule, where no block starts. */
    const int64_t first = 64 << 10,
                  whole = ss_window_take(isolates[0].holder, WINDOW_BYTES - first);
    return stats.live_blocks == 0 && stats.cached_blocks == 0 && whole == first;
}

/* Whether a length is that of the block at an offset, for one of the isolates that got it: a late store of an isolate
 * that freed it may have caused it to be handed out again. */
static bool is_length(int64_t block, size_t length) {
    for (unsigned i = 0; i < EXPLORER_THREADS_MAX; i++)
        if (got[i] == block && lengths[i] == length)
            return true;
    return false;
}

static bool pinned, tagged;                /* by its owner */
static bool watches[EXPLORER_THREADS_MAX]; /* the block that it got */

/* Whether the mark of a tagged block still names one of the holders that got it, pinned or not: that one frees it. */
static bool is_marked(unsigned any, uint8_t kind) {
    if (kind <= SS_LIVE_CLASSES || kind == SS_LIVE_LARGE || kind == SS_LIVE_PINNED)
        return true; /* before the tag, or while it is pinned */
    for (unsigned i = 0; i < EXPLORER_THREADS_MAX; i++) {
        if (got[i] != got[any] || isolates[i].holder == NULL)
            continue;
        const uint8_t tag = ss_window_tag(isolates[i].holder);
        if (kind == tag || kind == SS_LIVE_CEDED + (tag - SS_LIVE_TAGGED))
            return true;
    }
    return false;
}

/* Each thread got a block whose length its owner knows or that is marked unsized, unless the table no longer has it.
 * The blocks are then freed, and none is left. */
static void check(void) {
    for (unsigned i = 0; i < EXPLORER_THREADS_MAX; i++) {
        if (got[i] == NONE || kind_of(got[i]) == 0)
            continue;
        const size_t usable = superslab_window_usable_size(memory + got[i]);
        EXPLORER_CHECK(usable == 0 ? tagged || lengths[i] > SIZE : is_length(got[i], usable));
        EXPLORER_CHECK(!watches[i] || is_marked(i, kind_of(got[i])));
    }
    for (unsigned i = 0; i < EXPLORER_THREADS_MAX; i++) {
        if (got[i] == NONE)
            continue;
        ss_window_unpin(isolates[i].holder, (uint32_t)got[i]);
        if (kind_of(got[i]) != 0)
            EXPLORER_CHECK(block_free(i, got[i]) == SUPERSLAB_OK);
    }
    for (unsigned i = 0; i < EXPLORER_THREADS_MAX && isolates[i].holder != NULL; i++)
        ss_magazine_drain(isolates[i].holder);
    EXPLORER_CHECK(window_is_free());
}

/* ---- a small block that a third isolate is handed ---- */

/* Unless another thread has changed the byte meanwhile: Atomics.compareExchange. Returns what the byte was. */
static uint8_t mark(int64_t block, uint8_t from, uint8_t to) {
    uint64_t found = from;
    memory_compare_exchange(&table[block >> SS_LIVE_SHIFT], 1, &found, to, memory_order_seq_cst,
                            memory_order_seq_cst, true, __builtin_return_address(0));
    return (uint8_t)found;
}

/* As `born` of lib/window/watch.ts does. */
static void watch(unsigned self, int64_t block) {
    const uint8_t tag = ss_window_tag(isolates[self].holder), ceded = ss_live_ceded(tag);
    const uint8_t kind = kind_of(block);
    const bool yes = true;
    undo_write(&watches[self], &yes, sizeof yes);
    if (mark(block, kind, kind == SS_LIVE_UNSIZED ? ceded : tag) == SS_LIVE_UNSIZED)
        mark(block, SS_LIVE_UNSIZED, ceded);
}

static void own(unsigned self, int64_t block, size_t length) {
    block_note(self, block, length);
    if (tagged)
        watch(self, block);
    if (pinned)
        ss_window_pin(isolates[self].holder, (uint32_t)block);
}

static void owner_setup(void) {
    begin(3);
    block_note(0, block_take(0), SIZE); /* keeps the slab */
    twice = (uint32_t)block_take(0);
}

static void owner_thread(unsigned index) {
    if (index < 2) {
        block_push(index, twice, bin);
        ss_magazine_flush(isolates[index].holder, bin);
    } else {
        own(index, block_take(index), SIZE);
    }
}

const explorer_scenario scenario_owner = {
    .name = "owner",
    .title = "two isolates free a block of a window at once, and a third one is handed it",
    .threads = 3,
    .setup = owner_setup,
    .thread = owner_thread,
    .check = check,
};

static void owner_tagged_setup(void) {
    owner_setup();
    tagged = true;
}

const explorer_scenario scenario_owner_tagged = {
    .name = "owner-tagged",
    .title = "the same, and the third one watches it",
    .threads = 3,
    .setup = owner_tagged_setup,
    .thread = owner_thread,
    .check = check,
};

static void owner_pinned_setup(void) {
    owner_setup();
    pinned = true;
}

const explorer_scenario scenario_owner_pinned = {
    .name = "owner-pinned",
    .title = "two isolates free a block at once, and the third one that is handed it pins it",
    .threads = 3,
    .setup = owner_pinned_setup,
    .thread = owner_thread,
    .check = check,
};

/* ---- a large one: its granules were a slab's when the block was freed twice ---- */

static void owner_large_setup(void) {
    begin(3);
    twice = (uint32_t)block_take(0);
    block_push(1, twice, bin);
    ss_magazine_drain(isolates[1].holder); /* the slab ends */
}

static void owner_large_thread(unsigned index) {
    int64_t block;
    switch (index) {
    case 0:
        block_push(0, twice, bin);
        ss_magazine_flush(isolates[0].holder, bin);
        break;
    case 1:
        block = ss_window_take(isolates[1].holder, MINE);
        if (block >= 0)
            own(1, block, MINE);
        break;
    case 2:
        block = ss_window_take(isolates[2].holder, OTHERS);
        if (block >= 0)
            block_note(2, block, OTHERS);
        break;
    }
}

const explorer_scenario scenario_owner_large = {
    .name = "owner-large",
    .title = "the second of two frees comes when the block is another's large one, and a span of "
             "another length is dropped under that",
    .threads = 3,
    .setup = owner_large_setup,
    .thread = owner_large_thread,
    .check = check,
};

static void owner_large_pinned_setup(void) {
    owner_large_setup();
    pinned = true;
}

const explorer_scenario scenario_owner_large_pinned = {
    .name = "owner-large-pinned",
    .title = "the same, and its owner pins it",
    .threads = 3,
    .setup = owner_large_pinned_setup,
    .thread = owner_large_thread,
    .check = check,
};

static void owner_large_tagged_setup(void) {
    owner_large_setup();
    tagged = true;
}

const explorer_scenario scenario_owner_large_tagged = {
    .name = "owner-large-tagged",
    .title = "the same, and its owner keeps track of it",
    .threads = 3,
    .setup = owner_large_tagged_setup,
    .thread = owner_large_thread,
    .check = check,
};

/* ---- a pin of a block that was freed nevertheless ---- */

static void pins_setup(void) {
    begin(3);
    twice = (uint32_t)block_take(0);
    EXPLORER_CHECK(ss_window_pin(isolates[2].holder, twice) == 0);
}

static void pins_thread(unsigned index) {
    switch (index) {
    case 0: /* it found the block live before that was pinned */
        block_push(0, twice, bin);
        ss_magazine_flush(isolates[0].holder, bin);
        break;
    case 1: {
        const int64_t block = ss_window_take(isolates[1].holder, MINE);
        block_note(1, block, MINE);
        EXPLORER_CHECK(ss_window_pin(isolates[1].holder, (uint32_t)block) == 0);
        EXPLORER_CHECK(ss_window_unpin(isolates[1].holder, (uint32_t)block) == SUPERSLAB_OK);
        break;
    }
    case 2:
        ss_window_unpin(isolates[2].holder, twice);
        break;
    }
}

static void pins_check(void) {
    EXPLORER_CHECK(kind_of(got[1]) == SS_LIVE_LARGE);
    check();
}

const explorer_scenario scenario_pins = {
    .name = "pins",
    .title = "a pinned block is freed all the same, and the pin ends when another block is there "
             "that was pinned too",
    .threads = 3,
    .setup = pins_setup,
    .thread = pins_thread,
    .check = pins_check,
};

/* ---- what the table said late, and what the registry said before ---- */

static bool by_address, of_large;

/* The block lies in the magazines of two isolates. */
static void late_setup(void) {
    begin(3);
    twice = (uint32_t)block_take(0);
    block_push(0, twice, bin);
    block_push(1, twice, bin);
}

static void late_thread(unsigned index) {
    int64_t block;
    switch (index) {
    case 0:
        block = block_take(0);
        if (by_address) {
            ss_window_give_held(isolates[0].holder, (uint32_t)block);
        } else {
            block_free(0, block);
            ss_magazine_flush(isolates[0].holder, bin);
        }
        break;
    case 1:
        ss_magazine_flush(isolates[1].holder, bin);
        break;
    case 2:
        if (of_large) {
            block = ss_window_take(isolates[2].holder, MINE);
            if (block >= 0)
                block_note(2, block, MINE);
        } else {
            block_note(2, block_take(2), SIZE);
        }
        break;
    }
}

const explorer_scenario scenario_window_late = {
    .name = "window-late",
    .title = "a block in two magazines is handed out and freed by one while its slab ends and "
             "another is made",
    .threads = 3,
    .setup = late_setup,
    .thread = late_thread,
    .check = check,
};

static void late_address_setup(void) {
    late_setup();
    by_address = true;
}

const explorer_scenario scenario_window_late_address = {
    .name = "window-late-address",
    .title = "the same, and it is freed by its address",
    .threads = 3,
    .setup = late_address_setup,
    .thread = late_thread,
    .check = check,
};

static void late_large_setup(void) {
    late_setup();
    of_large = true;
}

const explorer_scenario scenario_window_late_large = {
    .name = "window-late-large",
    .title = "the same, and a large block is there instead of another slab",
    .threads = 3,
    .setup = late_large_setup,
    .thread = late_thread,
    .check = check,
};

/* ---- what was written under a pin ---- */

static void use(int64_t block) {
    memory_plain(memory + block, sizeof(uint64_t), true, __builtin_return_address(0));
}

static void pin_use_setup(void) {
    begin(3);
    twice = (uint32_t)block_take(0);
    EXPLORER_CHECK(ss_window_pin(isolates[1].holder, twice) == 0);
}

static void pin_use_thread(unsigned index) {
    switch (index) {
    case 0:
        EXPLORER_CHECK(block_free(0, twice) == SUPERSLAB_OK);
        ss_magazine_flush(isolates[0].holder, bin);
        break;
    case 1:
        use(twice);
        EXPLORER_CHECK(ss_window_unpin(isolates[1].holder, twice) == SUPERSLAB_OK);
        break;
    case 2:
        block_note(2, block_take(2), SIZE);
        use(got[2]);
        break;
    }
}

const explorer_scenario scenario_pin_use = {
    .name = "pin-use",
    .title = "a block is used under a pin, freed, and used by its next owner",
    .threads = 3,
    .setup = pin_use_setup,
    .thread = pin_use_thread,
    .check = check,
};
