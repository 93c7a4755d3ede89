/* Windows: memory that the isolates of a JavaScript engine share.
 *
 * The memory is a SharedArrayBuffer. Any code of the program may write anywhere in it, so the allocator trusts nothing
 * that lies in it. Beside it is the table `live`, in shared memory that no code of the program gets: one byte for each
 * 16 bytes of the window, 0 where no live block starts, else what the block is (SS_LIVE_* in api.h). JavaScript reads
 * and writes the table without atomics on its hot paths. An isolate that pops a block writes the block's class there.
 *
 *   holder      one isolate that uses the window. JavaScript pushes to and pops from its magazines, which no other
 *               isolate uses. Refill and flush run on the isolate's thread, so they do not race with it.
 *   visitor     a thread that found the window by an address and is not a holder. The window is not retired while it
 *               has visitors. A visitor waits for no other thread.
 *   retire      done when the last holder leaves, before the engine may unmap the memory. A permanent window is never
 *               retired, and JavaScript keeps its memory mapped.
 *
 * Two isolates that free one block at once both find it live, and both push it. The first one to go on hands the block
 * out again or gives it back. The other one finds it live or free when it pops, refills or flushes, drops it, and
 * counts it as contained. The bit that a give sets in the slab decides; the table alone never gives a block back.
 *
 * A give may come when a third isolate has just been handed the block. Then the table says live and the slab says free.
 * The table names the owner: the block's size is told by its byte, never by its bit; the owner frees it like any other
 * block; an isolate that gets it from the slab cedes it to the owner. */
#ifndef SS_WINDOW_H
#define SS_WINDOW_H

#include "space/space.h"
#include "window/api.h"

_Static_assert(SS_LIVE_CLASSES == SS_HEADLESS_COUNT, "the table names the headless classes");
_Static_assert(SS_LIVE_CEDED < SS_LIVE_UNSIZED, "a class is no other mark");
/* lib/window/classes.ts rounds the length of a large block up to a multiple of the largest class. */
_Static_assert(SS_HEADLESS_MAX == SS_GRANULE_BYTES,
               "large blocks hold multiples of the largest class");

typedef struct ss_pin ss_pin;

/* The pins of a window, in a table with linear hashing of their offsets: each pin beyond the first SS_PIN_LISTS adds
 * one list by splitting another, so no thread waits while all pins move. */
#define SS_PIN_LISTS 64u
#define SS_PIN_SEGMENT_LISTS 4096u /* 32 KiB, the largest block of metadata */
#define SS_PIN_SEGMENTS 64u        /* once all are used, lists grow longer */

typedef struct ss_pins {
    ss_pin *first[SS_PIN_LISTS];
    ss_pin **segments[SS_PIN_SEGMENTS]; /* the other lists; list_at in pin.c */
    uint32_t split;                     /* lists beyond `first` */
    uint32_t count;                     /* pins */
} ss_pins;

typedef struct ss_window {
    ss_space *space;
    _Atomic uint8_t *live;
    _Atomic uint64_t contained; /* counted by any thread */

    /* Under ss_windows.lock, like all of a holder but its magazines. */
    uintptr_t base;
    size_t limit;
    uintptr_t busy; /* token of the thread that makes or retires it, which alone may use it; or 0 */
    bool permanent; /* is never retired */
    uint32_t visitors;
    ss_holder *holders;
    ss_pins pins;
    struct ss_window *next;
} ss_window;

struct ss_holder {
    ss_window *window;
    uint32_t
        *magazines; /* SS_LIVE_CLASSES times SS_MAGAZINE_WORDS; the isolate's thread alone writes */
    uint32_t tag;   /* the table has SS_LIVE_TAGGED + tag for the blocks it watches */
    ss_holder *next;
};

/* All windows. */
typedef struct ss_windows_data {
    ss_lock lock; /* windows, their holders and pins */
    ss_window *all;
} ss_windows_data;

extern ss_windows_data ss_windows_state SS_HIDDEN;
#define ss_windows (&ss_windows_state)

/* The window around an address, which is not retired before ss_window_release. NULL if there is none, or a thread makes
 * or retires it. */
ss_window *ss_window_hold(uintptr_t address);
void ss_window_release(ss_window *window);

/* The same with the lock held. */
ss_window *ss_window_around(uintptr_t address);
void ss_window_release_locked(ss_window *window);

static inline _Atomic uint8_t *ss_window_byte(const ss_window *window, uint32_t offset) {
    return &window->live[offset >> SS_LIVE_SHIFT];
}

static inline void ss_window_contain(ss_window *window, uint64_t count) {
    atomic_fetch_add_explicit(&window->contained, count, memory_order_relaxed);
}

/* Orders the core's state of a block (its bit, the registry) and the block's byte in the table, by one total order. An
 * isolate that gives a block back passes the fence after its last store of the byte and before it reads the core's
 * state. An isolate that the core hands a block passes it before it checks whether the table names an owner. So one of
 * the two sees what the other did; without the fence each might leave the block to the other, and it would be lost. It
 * is a fence because JavaScript stores the byte without an order. */
static inline void ss_window_fence(void) {
    atomic_thread_fence(memory_order_seq_cst);
}

#endif
