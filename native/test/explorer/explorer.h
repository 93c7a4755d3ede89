/* Explores the executions of the real functions of the core under C11's memory model.
 *
 * The core is compiled as for ThreadSanitizer, but linked with this program in place of its run-time:
 * so each access of the core to memory comes here (hooks.c), atomic ones with their order. The threads
 * of a scenario are coroutines. Before an atomic access any of them may be preempted (schedule.c), and a
 * load may read a value that others have overwritten since, as far as the model lets it (memory.c).
 * Plain accesses that nothing orders are reported (race.c). */
#ifndef EXPLORER_H
#define EXPLORER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXPLORER_THREADS_MAX = 4 };

/* ---- what a scenario calls ---- */

typedef struct explorer_scenario {
    const char *name, *title;
    unsigned threads;
    /* Runs once, alone. Every execution starts from the state that it leaves. */
    void (*setup)(void);
    void (*thread)(unsigned index);
    /* After each execution, alone. */
    void (*check)(void);
} explorer_scenario;

extern const explorer_scenario *const explorer_scenarios[]; /* ends with NULL */

/* The scenario is wrong about the allocator, or the allocator is wrong. Does not return. */
_Noreturn void explorer_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define EXPLORER_CHECK(condition)                                                                  \
    ((condition) ? (void)0 : explorer_fail("%s:%d: %s is false", __FILE__, __LINE__, #condition))

/* In setup and check: acts as this thread, for what is thread-local. */
void explorer_become(unsigned thread);

/* In setup: threads may be preempted before any access, plain ones included. There this handler may also interrupt
 * thread 0, once; NULL for none. */
void explorer_interrupt_anywhere(void (*handler)(void));

/* From here on this thread is alone, as in the child of a fork: the others stay where they are. */
void explorer_stay_alone(void);

/* ---- the thread that runs now ---- */

unsigned explorer_thread(void);
/* False in setup and check: accesses then go straight to memory. */
bool explorer_is_exploring(void);

#endif
