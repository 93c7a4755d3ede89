/* Windows: memory that the isolates of a JavaScript engine share.
 *
 * The memory is a SharedArrayBuffer that any code of the program may write to, anywhere, so nothing is
 * believed that lies in it. Beside it, in shared memory that no code of the program is handed, lies the
 * table `live`: for each 16 bytes of the window one byte, 0 where no live block starts, else what does
 * (SS_LIVE_* in api.h). JavaScript reads and writes it without atomics on its own hot paths, and an
 * isolate that pops a block writes its class there.
 *
 *   holder      one isolate that uses the window. Its magazines are memory of its own that JavaScript
 *               pushes to and pops from; refill and flush run on its thread, so they never meet it.
 *   visitor     a thread that uses a window without being a holder: it found it by an address, and keeps
 *               it from being retired meanwhile. It waits for no other thread.
 *   retire      when the last holder leaves, before the engine may unmap the memory, unless the window
 *               was made permanent: then JavaScript has seen to it that it is never unmapped.
 *
 * Two isolates that free one block in the same instant both find it live, and both push it. Whichever
 * comes first hands it out again or gives it back; the other finds it live or free when it pops, refills
 * or flushes, drops it, and counts it as contained. What decides is the bit that a give sets in the slab;
 * the table alone never gives anything back.
 *
 * A give may come when a third isolate has just been handed the block. Then the table says live and the slab
 * free, and the owner is the one that the table says: the block's size is told by its byte, never by the bit,
 * the owner frees it like any other, and an isolate that is handed it by the slab cedes it to the owner. */
#ifndef SS_WINDOW_H
#define SS_WINDOW_H

#include "space/space.h"
#include "window/api.h"

typedef struct ss_pin ss_pin;

/* The pins of a window by a hash of their offsets. There is a list more for each pin beyond the first lists, as
 * linear hashing adds them: one list is split in two, and no pin waits until all are placed anew. */
#define SS_PIN_LISTS 64u
#define SS_PIN_SEGMENT_LISTS 4096u /* 32 KiB, the largest block of metadata */
#define SS_PIN_SEGMENTS 64u        /* beyond them lists grow */

typedef struct ss_pins {
    ss_pin *first[SS_PIN_LISTS];
    ss_pin **segments[SS_PIN_SEGMENTS]; /* list i, from SS_PIN_LISTS on, is the i-th of them all */
    uint32_t split;                     /* lists beyond the first */
    uint32_t count;                     /* pins */
} ss_pins;

typedef struct ss_window {
    ss_space *space;
    _Atomic uint8_t *live;
    _Atomic uint64_t contained; /* any thread counts */

    /* Under windows_lock, as is all of a holder but its magazines. */
    uintptr_t base;
    size_t limit;
    uintptr_t
        busy; /* the token of the thread that makes or retires it: no other may use it; 0 for none */
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
    uint32_t tag;   /* what it may put into the table for blocks it keeps track of */
    ss_holder *next;
};

/* All windows. */
typedef struct ss_windows_data {
    ss_lock lock; /* windows, their holders and pins */
    ss_window *all;
} ss_windows_data;

extern ss_windows_data ss_windows_state SS_HIDDEN;
#define ss_windows (&ss_windows_state)

/* The window around an address, to be left soon; NULL if there is none. */
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

/* Total: between what the core says of a block (its bit, the registry) and the block's byte in the table, on either
 * side. Of an isolate that freed a block and gives it back, and another that was handed the same block by the core
 * and cedes it because it finds it live: one sees what the other did, or both would leave it to the other. JavaScript
 * stores the byte without an order. */
static inline void ss_window_fence(void) {
    atomic_thread_fence(memory_order_seq_cst);
}

#endif
