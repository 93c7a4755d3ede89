#include "background/guarding.h"

#include "base/signal.h"
#include "guard/due.h"

/* While a granted sample is not taken the waits become longer, up to this: the thread wakes rarely in a process that does
 * not allocate. */
#define MOST_NANOSECONDS UINT64_C(125000000)

/* Asks some threads, and others the next time. */
static void ask_some(ss_guarding *self) {
    unsigned asked = 0;
    ss_heap *heap = self->next != NULL ? self->next : ss_heap_first();
    for (ss_heap *first = heap; heap != NULL && asked < SS_GUARD_ASKED;) {
        asked += ss_heap_ask(heap, ss_guard_calls());
        heap = ss_heap_next(heap);
        if (heap == NULL)
            heap = ss_heap_first();
        if (heap == first)
            break;
    }
    self->next = heap;
}

/* Returns the nanoseconds until it has to be called again. */
static uint64_t tick(ss_guarding *self) {
    const uint64_t interval = UINT64_C(1000000000) / ss_guard_rate();
    const bool was_due = ss_guard_is_due();
    const uint64_t left = ss_guard_grant(ss_os_clock_nanoseconds());
    if (left != 0)
        return left;
    ask_some(self);
    /* Most samples are taken at once, and the next one is due a quarter of an interval late at most. So there is one wake-up
     * for each. */
    self->idle = was_due ? 2 * self->idle : interval + interval / 4;
    if (self->idle > MOST_NANOSECONDS)
        self->idle = MOST_NANOSECONDS;
    return self->idle;
}

static uint32_t milliseconds_of(uint64_t nanoseconds) {
    return (uint32_t)((nanoseconds + 999999) / 1000000);
}

void ss_guarding_wait(ss_guarding *self, _Atomic uint32_t *word, uint32_t value,
                      uint32_t milliseconds) {
    if (SS_LIKELY(!ss_guard_is_on())) {
        ss_os_wait(word, value, milliseconds);
        return;
    }
    const uint64_t end = ss_os_clock_nanoseconds() + UINT64_C(1000000) * milliseconds;
    for (uint64_t now; (now = ss_os_clock_nanoseconds()) < end;) {
        const uint32_t until_tick = milliseconds_of(tick(self)), left = milliseconds_of(end - now);
        ss_os_wait(word, value, until_tick < left ? until_tick : left);
        if (atomic_load_explicit(word, memory_order_relaxed) != value)
            return;
    }
}

bool ss_guarding_stays(ss_guarding *self) {
    const uint64_t samples = ss_guard_samples(), before = self->seen;
    self->seen = samples;
    return samples != before;
}

void ss_guarding_leave(void) {
    for (ss_heap *heap = ss_heap_first(); heap != NULL && ss_guard_is_on();
         heap = ss_heap_next(heap))
        ss_heap_ask(heap, ss_guard_calls());
}

bool ss_guarding_is_wanted(void) {
    return ss_guard_is_on() && !ss_guard_is_due() && !ss_signal_is_unheard();
}

void ss_guarding_taken(void) {
    /* Pairs with the fence in `ended` of scavenger.c: the scavenger sees that the sample is taken, or this thread sees that
     * the scavenger has ended. */
    atomic_thread_fence(memory_order_seq_cst);
    ss_signal_want(SS_SCAVENGER_START_BYTES);
}

bool ss_guarding_by_call(void) {
    if (!ss_signal_is_unheard())
        return false;
    ss_guard_grant(ss_os_clock_nanoseconds());
    return ss_guard_is_due();
}
