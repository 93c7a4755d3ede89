#include "fault.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* An access without permission is a SIGSEGV on Linux and a SIGBUS on macOS. */
#define FAULT_SIGNALS 2u
static const int signals[FAULT_SIGNALS] = {SIGSEGV, SIGBUS};

/* Each action that was found in place of ours gets a level: a function of its own, which calls that action. The program
 * may keep the function that it found in place, set its own for a while, and set the old one again, or call it from its
 * own: the function still leads to the action that was there before, and no two lead to each other. */
#define LEVELS 8u

typedef struct level {
    struct sigaction before;
    _Atomic uint32_t made; /* 0: free, 1: being filled in, 2: never changes again */
} level;
enum { LEVEL_FREE, LEVEL_TAKEN, LEVEL_MADE };

static level levels[FAULT_SIGNALS][LEVELS];
static _Atomic(ss_os_fault_handler *) first_handler;

static unsigned signal_index(int number) {
    return number == signals[0] ? 0 : 1;
}

/* ---- what follows our handler ---- */

/* The process ends at the instruction, which is executed again after the handler: with the registers of the access in its
 * core dump. A signal that was sent by a process would not come again by itself. */
static void default_action(int number, const siginfo_t *info) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
    if (info->si_code <= 0)
        raise(number);
}

static void follow(const struct sigaction *before, int number, siginfo_t *info, void *context) {
    if ((before->sa_flags & SA_SIGINFO) != 0)
        before->sa_sigaction(number, info, context);
    else if (before->sa_handler == SIG_DFL || (before->sa_handler == SIG_IGN && info->si_code > 0))
        default_action(number, info);
    else if (before->sa_handler != SIG_IGN)
        before->sa_handler(number);
}

static void on_fault(unsigned at, int number, siginfo_t *info, void *context) {
    const int saved = errno;
    ss_os_fault_handler *handler = atomic_load_explicit(&first_handler, memory_order_acquire);
    if (info->si_code > 0 && handler != NULL) {
        ss_os_fault fault = {.address = (uintptr_t)info->si_addr};
        ss_os_fault_registers(context, &fault);
        handler(&fault);
    }
    errno = saved;
    follow(&levels[signal_index(number)][at].before, number, info, context);
}

/* ---- the functions of the levels ---- */

#define LEVEL_FUNCTION(at)                                                                         \
    static void on_fault_##at(int number, siginfo_t *info, void *context) {                        \
        on_fault(at, number, info, context);                                                       \
    }
LEVEL_FUNCTION(0)
LEVEL_FUNCTION(1)
LEVEL_FUNCTION(2)
LEVEL_FUNCTION(3)
LEVEL_FUNCTION(4)
LEVEL_FUNCTION(5)
LEVEL_FUNCTION(6)
LEVEL_FUNCTION(7)

typedef void level_function(int number, siginfo_t *info, void *context);
static level_function *const functions[LEVELS] = {on_fault_0, on_fault_1, on_fault_2, on_fault_3,
                                                  on_fault_4, on_fault_5, on_fault_6, on_fault_7};

static bool is_ours(const struct sigaction *action) {
    for (unsigned i = 0; i < LEVELS && (action->sa_flags & SA_SIGINFO) != 0; i++)
        if (action->sa_sigaction == functions[i])
            return true;
    return false;
}

static bool are_equal(const struct sigaction *a, const struct sigaction *b) {
    return a->sa_flags == b->sa_flags &&
           ((a->sa_flags & SA_SIGINFO) != 0 ? a->sa_sigaction == b->sa_sigaction
                                            : a->sa_handler == b->sa_handler);
}

/* The level of an action; LEVELS if there is no room for it. Two threads may make one each for the same action. */
static unsigned level_find(level *of, const struct sigaction *action) {
    for (unsigned i = 0; i < LEVELS; i++) {
        uint32_t state = LEVEL_FREE;
        /* Acquire: pairs with the release below, so the action is filled in. */
        if (atomic_load_explicit(&of[i].made, memory_order_acquire) == LEVEL_MADE) {
            if (are_equal(&of[i].before, action))
                return i;
        } else if (atomic_compare_exchange_strong_explicit(&of[i].made, &state, LEVEL_TAKEN,
                                                           memory_order_relaxed,
                                                           memory_order_relaxed)) {
            of[i].before = *action;
            atomic_store_explicit(&of[i].made, LEVEL_MADE, memory_order_release);
            return i;
        }
    }
    return LEVELS;
}

static void watch(unsigned index) {
    struct sigaction now;
    if (sigaction(signals[index], NULL, &now) != 0 || is_ours(&now))
        return;
    const unsigned at = level_find(levels[index], &now);
    if (at == LEVELS)
        return;
    struct sigaction ours = now; /* with the mask that the program's handler wants */
    const bool has_handler = (now.sa_flags & SA_SIGINFO) != 0 ||
                             (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN);
    ours.sa_flags = (now.sa_flags & ~(int)SA_RESETHAND) | SA_SIGINFO;
    if (!has_handler)
        ours.sa_flags |= SA_ONSTACK;
    ours.sa_sigaction = functions[at];
    sigaction(signals[index], &ours, NULL);
}

void ss_os_fault_watch(ss_os_fault_handler *handler) {
    const int saved = errno;
    /* Release: pairs with the acquire in on_fault. */
    atomic_store_explicit(&first_handler, handler, memory_order_release);
    for (unsigned i = 0; i < FAULT_SIGNALS; i++)
        watch(i);
    errno = saved;
}
