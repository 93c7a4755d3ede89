#include "schedule.h"

#include "choice.h"
#include "memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <ucontext.h>

enum { STACK_BYTES = 128 << 10, STEPS_MAX = 100000, IDLE_MAX = 8 };

typedef enum thread_state { READY, WAITS, YIELDED, DONE } thread_state;

typedef struct coroutine {
    ucontext_t context;
    thread_state state;
    const uint16_t *awaited; /* WAITS: until it is not `seen` any more */
    unsigned seen;           /* YIELDED: the writes there were */
} coroutine;

static _Alignas(64) char stacks[EXPLORER_THREADS_MAX][STACK_BYTES];
static coroutine threads[EXPLORER_THREADS_MAX];
static unsigned thread_count, current, steps, idle;
static const explorer_scenario *running;
static bool exploring, everywhere;
static void (*handler_of_thread_0)(void);
static bool interrupted;
static ucontext_t main_context;
static jmp_buf failed;
static char failure[512];

unsigned explorer_thread(void) {
    return current;
}

bool explorer_is_exploring(void) {
    return exploring;
}

void explorer_become(unsigned thread) {
    current = thread;
}

bool schedule_is_stack(const void *address) {
    return (uintptr_t)address - (uintptr_t)stacks < sizeof stacks;
}

const char *schedule_failure(void) {
    return failure;
}

void explorer_fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure, sizeof failure, format, arguments);
    va_end(arguments);
    exploring = false;
    longjmp(failed, 1);
}

/* ---- the threads that may run ---- */

static bool may_run(const coroutine *one) {
    switch (one->state) {
    case READY:
        return true;
    case WAITS:
        return *one->awaited != one->seen;
    case YIELDED:
        return memory_writes() != one->seen;
    case DONE:
        break;
    }
    return false;
}

/* Lists the threads that may run, without this one unless it is the only one; returns their number. */
static unsigned others(unsigned list[EXPLORER_THREADS_MAX]) {
    unsigned count = 0;
    for (unsigned i = 0; i < thread_count; i++)
        if (i != current && may_run(&threads[i]))
            list[count++] = i;
    return count;
}

static void switch_to(unsigned next) {
    coroutine *from = &threads[current];
    current = next;
    threads[next].state = READY;
    swapcontext(&from->context, &threads[next].context);
}

/* This thread cannot go on: another one does, and the choice of it is no deviation. */
static void leave(void) {
    unsigned list[EXPLORER_THREADS_MAX], count = others(list);
    coroutine *me = &threads[current];
    if (count > 0) {
        idle = 0;
        switch_to(list[choice_take(count, false)]);
        return;
    }
    if (may_run(me)) {
        me->state = READY;
        return;
    }
    /* A thread that yields may run again, a limited number of times: it may have read an old value. */
    for (unsigned i = 0; i < thread_count; i++) {
        const unsigned next = (current + 1 + i) % thread_count;
        if (threads[next].state == YIELDED && idle++ < IDLE_MAX) {
            if (next == current)
                me->state = READY;
            else
                switch_to(next);
            return;
        }
    }
    for (unsigned i = 0; i < thread_count; i++)
        if (threads[i].state != DONE)
            explorer_fail("thread %u waits for ever", i);
    exploring = false;
    setcontext(&main_context);
}

void schedule_point(void) {
    if (!exploring)
        return;
    if (++steps > STEPS_MAX)
        explorer_fail("an execution does not come to its end");
    unsigned list[EXPLORER_THREADS_MAX];
    const unsigned count = others(list);
    const bool may_interrupt = current == 0 && handler_of_thread_0 != NULL && !interrupted;
    const unsigned taken = choice_take(count + 1 + may_interrupt, true);
    if (taken > count) {
        interrupted = true;
        handler_of_thread_0();
    } else if (taken > 0) {
        switch_to(list[taken - 1]);
    }
}

void schedule_point_anywhere(void) {
    if (everywhere)
        schedule_point();
}

void explorer_interrupt_anywhere(void (*handler)(void)) {
    everywhere = true;
    handler_of_thread_0 = handler;
}

void explorer_stay_alone(void) {
    for (unsigned i = 0; i < thread_count; i++)
        if (i != current)
            threads[i].state = DONE;
    exploring = false;
}

void schedule_wait(const uint16_t *count) {
    coroutine *me = &threads[current];
    me->state = WAITS;
    me->awaited = count;
    me->seen = *count;
    leave();
}

void schedule_yield(void) {
    if (!exploring)
        return;
    coroutine *me = &threads[current];
    me->state = YIELDED;
    me->seen = memory_writes();
    leave();
}

void schedule_sleep(void) {
    unsigned list[EXPLORER_THREADS_MAX];
    const unsigned count = exploring ? others(list) : 0;
    if (count > 0)
        switch_to(list[choice_take(count, false)]);
}

void schedule_stop(void) {
    if (!exploring)
        return;
    threads[current].state = DONE;
    leave();
}

/* ---- an execution ---- */

static void thread_main(void) {
    running->thread(current);
    threads[current].state = DONE;
    leave();
}

bool schedule_run(const explorer_scenario *scenario) {
    running = scenario;
    thread_count = scenario->threads;
    steps = idle = 0;
    interrupted = false;
    for (unsigned i = 0; i < thread_count; i++) {
        getcontext(&threads[i].context);
        threads[i].context.uc_stack.ss_sp = stacks[i];
        threads[i].context.uc_stack.ss_size = STACK_BYTES;
        threads[i].context.uc_link = NULL;
        makecontext(&threads[i].context, thread_main, 0);
        threads[i].state = READY;
    }
    if (setjmp(failed) != 0)
        return false;
    exploring = true;
    current = choice_take(thread_count, false);
    swapcontext(&main_context, &threads[current].context);
    return true;
}

bool schedule_alone(void (*function)(void)) {
    if (setjmp(failed) != 0)
        return false;
    current = 0;
    function();
    return true;
}
