/* The background thread: one thread wants it and another one starts it, at the end of a cold path; and what it
 * does, while another thread frees. */
#include "scenarios.h"

#include "background/attend.h"
#include "background/publish.h"
#include "background/scavenger.h"
#include "front/cold.h"
#include "heap/large_cache.h"
#include "slab/block.h"

static void setup(void) {
    EXPLORER_CHECK(ss_process_ready());
}

static void thread(unsigned index) {
    if (index == 0)
        ss_signal_freed(SS_SCAVENGER_START_BYTES);
    else
        ss_attend_slow(0);
}

/* The thread that cleared the bit has started it. */
static void check(void) {
    if (platform_thread_started() == NULL)
        EXPLORER_CHECK((atomic_load(&ss_signals->attention) & SS_ATTENTION_SCAVENGER) != 0);
}

const explorer_scenario scenario_wanted = {
    .name = "wanted",
    .title = "one thread wants the background thread, another one starts it",
    .threads = 2,
    .setup = setup,
    .thread = thread,
    .check = check,
};

/* ---- what it does ---- */

static void *all[4];

static void scavenge_setup(void) {
    const size_t size = ss_process_ready() ? four_blocks_size() : 0;
    ss_process->settings.decay_ms = 0; /* it gives back at once */
    for (unsigned i = 0; i < 4; i++)
        block_claim(all[i] = superslab_malloc(size));
    ss_flush_own_heap(); /* the slab is full: on no list */
    ss_signal_freed(SS_SCAVENGER_START_BYTES);
    ss_attend_slow(0);
    atomic_store(&ss_signals->freed_bytes, 0);
}

static void scavenge_thread(unsigned index) {
    if (index == 0) {
        for (unsigned i = 0; i < 4; i++) {
            block_drop(all[i]);
            superslab_free(all[i]);
        }
        ss_flush_own_heap();
    } else {
        platform_thread_started()();
    }
}

/* Once it has taken note of what was freed it has found it. */
static void scavenge_check(void) {
    superslab_stats stats;
    superslab_get_stats(&stats);
    if (stats.slab_count != 0)
        EXPLORER_CHECK(atomic_load(&ss_signals->freed_bytes) != 0);
    platform_thread_end();
    listed_end(four_blocks_bin());
    check_nothing_left();
}

const explorer_scenario scenario_scavenge = {
    .name = "scavenge",
    .title = "the background thread's life, while another one frees",
    .threads = 2,
    .setup = scavenge_setup,
    .thread = scavenge_thread,
    .check = scavenge_check,
};

/* ---- its end ---- */

static void started_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
    ss_process->settings.decay_ms = 0;
    ss_signal_freed(SS_SCAVENGER_START_BYTES);
    ss_attend_slow(0);
    atomic_store(&ss_signals->freed_bytes, 0);
}

static void last_setup(void) {
    platform_wait_briefly();
    started_setup();
}

static void last_thread(unsigned index) {
    if (index == 0)
        ss_signal_freed(SS_SCAVENGER_START_BYTES);
    else
        platform_thread_started()();
}

/* Frees that it has not noticed have wanted it again. */
static void last_check(void) {
    if (atomic_load(&ss_signals->freed_bytes) != 0)
        EXPLORER_CHECK((atomic_load(&ss_signals->attention) & SS_ATTENTION_SCAVENGER) != 0);
}

const explorer_scenario scenario_last = {
    .name = "last",
    .title = "the background thread ends while another one frees much",
    .threads = 2,
    .setup = last_setup,
    .thread = last_thread,
    .check = last_check,
};

/* The same of figures that a call of a large process leaves to it. */
static void figures_setup(void) {
    last_setup();
    atomic_store(&ss_registry->committed_bytes[SS_SPACE_HEADED], (size_t)(SS_PUBLISH_PORTION + 1)
                                                                     << SS_GRANULE_SHIFT);
    ss_signal_publish();
}

static void figures_thread(unsigned index) {
    if (index == 0)
        ss_publish_by_call();
    else
        platform_thread_started()();
}

static void figures_check(void) {
    EXPLORER_CHECK((atomic_load(&ss_signals->attention) & SS_ATTENTION_PUBLISH) == 0);
    if (atomic_load(&ss_signals->publish_late))
        EXPLORER_CHECK((atomic_load(&ss_signals->attention) & SS_ATTENTION_SCAVENGER) != 0);
}

const explorer_scenario scenario_figures = {
    .name = "figures",
    .title = "the background thread ends while a call leaves figures to it",
    .threads = 2,
    .setup = figures_setup,
    .thread = figures_thread,
    .check = figures_check,
};

/* The same of what a call leaves to give back. */
static void hurry_thread(unsigned index) {
    if (index == 0)
        ss_signal_hurry();
    else
        platform_thread_started()();
}

static void hurry_check(void) {
    if (atomic_load(&ss_signals->hurry))
        EXPLORER_CHECK((atomic_load(&ss_signals->attention) & SS_ATTENTION_SCAVENGER) != 0);
}

const explorer_scenario scenario_hurry = {
    .name = "hurry",
    .title = "the background thread ends while a call leaves memory to it",
    .threads = 2,
    .setup = last_setup,
    .thread = hurry_thread,
    .check = hurry_check,
};

/* The same of the room of a large cache. */
enum { SPAN_GRANULES = 4, LATE_GRANULES = SS_PUBLISH_LATE_BYTES >> SS_GRANULE_SHIFT };

static ss_heap *heap;

static void room_setup(void) {
    last_setup();
    ss_process->settings.decay_ms = 1; /* not at once: then there are no large caches */
    EXPLORER_CHECK(ss_biased_able());
    heap = ss_heap_acquire();
    /* As if other heaps had almost as much room as makes the figures late. */
    atomic_store(&ss_signals->large_cache_granules, LATE_GRANULES - 1);
}

static void room_thread(unsigned index) {
    bool over = false;
    if (index == 0)
        EXPLORER_CHECK(ss_large_cache_widen(heap, SPAN_GRANULES, &over));
    else
        platform_thread_started()();
}

/* The room is still there: the thread still runs, or is wanted again. */
static void room_check(void) {
    EXPLORER_CHECK(atomic_load(&ss_signals->scavenger) != SS_SCAVENGER_NONE);
}

const explorer_scenario scenario_room = {
    .name = "room",
    .title = "the background thread ends while another one's large cache gets room",
    .threads = 2,
    .setup = room_setup,
    .thread = room_thread,
    .check = room_check,
};

/* ---- told to leave ---- */

static ss_scavenger_state left_from;

static void leave_thread(unsigned index) {
    if (index != 0) {
        platform_thread_started()();
        return;
    }
    left_from = ss_scavenger_leave();
    /* No thread starts one meanwhile. */
    if (left_from != SS_SCAVENGER_NEVER) {
        ss_signal_want(SS_SCAVENGER_START_BYTES);
        EXPLORER_CHECK(atomic_load(&ss_signals->scavenger) == SS_SCAVENGER_AWAY);
        ss_scavenger_return(left_from);
    }
}

/* The word has no owner in the middle, and a thread that was at work is wanted again. */
static void leave_check(void) {
    const uint32_t state = atomic_load(&ss_signals->scavenger);
    EXPLORER_CHECK(state == SS_SCAVENGER_NONE || state == SS_SCAVENGER_WANTED);
    if (left_from == SS_SCAVENGER_RUNNING)
        EXPLORER_CHECK((atomic_load(&ss_signals->attention) & SS_ATTENTION_SCAVENGER) != 0);
}

const explorer_scenario scenario_away = {
    .name = "away",
    .title = "one thread has the background thread leave, which may be about to end by itself",
    .threads = 2,
    .setup = started_setup,
    .thread = leave_thread,
    .check = leave_check,
};

/* Frees meanwhile have started none. */
static void return_thread(unsigned index) {
    if (index == 0)
        ss_scavenger_return(ss_scavenger_leave());
    else
        ss_signal_freed(SS_SCAVENGER_START_BYTES);
}

const explorer_scenario scenario_return = {
    .name = "return",
    .title = "one thread lets the background thread run again while another one frees much",
    .threads = 2,
    .setup = setup,
    .thread = return_thread,
    .check = last_check,
};

/* ---- without a background thread: calls do its ticks ---- */

static void inline_setup(void) {
    EXPLORER_CHECK(ss_process_ready());
    ss_process->settings.inline_only = true;
    ss_signal_want(SS_SCAVENGER_START_BYTES);
}

static void inline_thread(unsigned index) {
    (void)index;
    ss_scavenger_tick_inline();
}

static void inline_check(void) {
    EXPLORER_CHECK(atomic_load(&ss_signals->scavenger) == SS_SCAVENGER_WANTED);
}

const explorer_scenario scenario_inline = {
    .name = "inline",
    .title = "two calls do a tick, one after the other",
    .threads = 2,
    .setup = inline_setup,
    .thread = inline_thread,
    .check = inline_check,
};

/* The last tick, after which none is due until there is more to give back. */
static void inline_last_setup(void) {
    _Atomic uint32_t never = 0;
    inline_setup();
    for (unsigned i = 1; i < SS_SCAVENGER_END_TICKS; i++) {
        ss_scavenger_tick_inline();
        ss_os_wait(&never, 0, SS_DECAY_MILLISECONDS);
    }
}

static void inline_last_thread(unsigned index) {
    if (index == 1)
        ss_signal_freed(SS_SCAVENGER_START_BYTES);
    ss_scavenger_tick_inline();
}

const explorer_scenario scenario_inline_last = {
    .name = "inline-last",
    .title = "a call does the last tick while another one frees much, and may begin again",
    .threads = 2,
    .setup = inline_last_setup,
    .thread = inline_last_thread,
    .check = last_check,
};
