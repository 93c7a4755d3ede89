/* Windows: regions that the isolates of a JavaScript engine share.
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
 *               it from being retired meanwhile. It waits for nobody.
 *   retire      when the last holder leaves, before the engine may unmap the memory, unless the window
 *               was made lasting: then JavaScript has seen to it that it is never unmapped.
 *
 * Two isolates that free one block in the same instant both find it live, and both push it. Whichever
 * comes first hands it out again or gives it back; the other finds it live or free when it pops, refills
 * or flushes, drops it, and counts it as contained. What decides is the bit that a give sets in the slab;
 * the table alone never gives anything back.
 *
 * A give may come when a third isolate has just been handed the block. Then the table says live and the slab
 * free, and the owner is the one that the table says: the block's size is told by its byte, never by the bit,
 * the owner frees it like any other, and who is handed it by the slab cedes it to the owner. */
#ifndef SS_WINDOW_H
#define SS_WINDOW_H

#include "api.h"
#include "space.h"

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
    bool lasting; /* is never retired */
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

/* The window around an address, to be left soon; NULL if there is none. */
ss_window *ss_window_visit(uintptr_t address);
void ss_window_part(ss_window *window);

static inline _Atomic uint8_t *ss_window_byte(const ss_window *window, uint32_t offset) {
    return &window->live[offset >> SS_LIVE_SHIFT];
}

static inline void ss_window_contain(ss_window *window, uint64_t count) {
    atomic_fetch_add_explicit(&window->contained, count, memory_order_relaxed);
}

/* What freeing the block at an offset would be called, without doing it. */
superslab_error ss_window_look(const ss_window *window, uint32_t offset);
/* Frees it, or has the last pin free it. */
superslab_error ss_window_give(ss_window *window, uint32_t offset);

/* Leaves a block that the core has just handed out to who has it by the table; false if nobody has. What the core
 * took need not be as long as that owner's block, so unless the table says its class nobody is told a length. Before
 * it the caller passes ss_window_fence. */
bool ss_window_cede(ss_window *window, uint32_t offset);

/* Total: between what the core says of a block (its bit, the registry) and the block's byte in the table, on either
 * side. Of an isolate that freed a block and gives it back, and another that was handed the same block by the core
 * and cedes it because it finds it live: one sees what the other did, or both would leave it to the other. JavaScript
 * stores the byte without an order. */
static inline void ss_window_fence(void) {
    atomic_thread_fence(memory_order_seq_cst);
}

/* ---- magazine.c ---- */

int64_t ss_magazine_refill(ss_holder *holder, unsigned bin);
void ss_magazine_flush(ss_holder *holder, unsigned bin);
void ss_magazine_drain(ss_holder *holder);
void ss_magazine_init(uint32_t *magazines);

/* ---- pin.c ---- */

/* 0, a superslab_error, or SS_API_FULL when there is no memory for it. */
int ss_pin_add(ss_holder *holder, uint32_t offset);
superslab_error ss_pin_remove(ss_holder *holder, uint32_t offset);
/* The block is freed when its last pin goes. An error if it has been already. */
superslab_error ss_pin_free_later(ss_window *window, uint32_t offset);
void ss_pin_remove_all(ss_holder *holder);
/* The part of ss_window_cede for a block that the table calls pinned; false if it no longer does. */
bool ss_pin_cede(ss_window *window, uint32_t offset);
/* What the table would say of a pinned block; 0 if it has no pin. */
uint8_t ss_pin_byte(ss_window *window, uint32_t offset);
/* Gives back the lists of a window that has no holder any more. */
void ss_pins_end(ss_window *window);

/* ---- all of them ---- */

/* Adds what the magazines hold. */
void ss_windows_add_cached(superslab_stats *out);

/* Gives free memory back; the bytes. */
size_t ss_windows_trim(void);

/* Each window's space, which stays meanwhile. */
void ss_windows_visit(void (*visit)(ss_space *space, void *context), void *context);

/* In a forked child, with all locks held: whoever was using a window is not there. One that another thread was making
 * or retiring is gone, and who joins makes it anew. */
void ss_windows_inherit(void);

/* ---- behind the table of api.h ---- */

ss_holder *ss_window_join(const ss_api_window *given, uint32_t *magazines);
void ss_window_leave(ss_holder *holder);
void ss_window_last(ss_holder *holder);
uint32_t ss_window_tag(const ss_holder *holder);
size_t ss_window_bytes(const ss_holder *holder);
void ss_window_grow(ss_holder *holder, size_t bytes);
int64_t ss_window_take(ss_holder *holder, size_t size);
superslab_error ss_window_give_held(ss_holder *holder, uint32_t offset);
superslab_error ss_window_check(const void *address);
uint32_t ss_window_stride(unsigned bin);
void ss_window_stats(const ss_holder *holder, ss_api_window_stats *out);

#endif
