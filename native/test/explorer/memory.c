#include "memory.h"

#include "cell.h"
#include "choice.h"
#include "race.h"
#include "range.h"
#include "schedule.h"
#include "undo.h"
#include "view.h"
#include "weaken.h"

#include <stdatomic.h>
#include <string.h>

enum { MESSAGES_MAX = 16384, OF_LOCATION_MAX = 1000, STALE_MAX = 3 };
/* A thread that reads the same message more times in a row than this is assumed to wait for another one. To check each
 * block of a slab of four takes fewer. */
enum { SPINS_MAX = 6 };

typedef struct message {
    uint64_t value;
    view view; /* what an acquire learns */
} message;

typedef struct location {
    uint16_t count, messages[OF_LOCATION_MAX];
    uint16_t total; /* the last message written by a seq_cst access */
} location;

typedef struct thread_memory {
    view now;
    view acquired; /* by relaxed loads: an acquire fence makes it part of `now` */
    view released; /* at the last release fence: what relaxed stores carry */
    uint16_t spin_location, spin_message;
    unsigned spins;
} thread_memory;

static message messages[MESSAGES_MAX];
static unsigned message_count, location_count;
static location locations[LOCATIONS_MAX];
static thread_memory threads[EXPLORER_THREADS_MAX];
static view total; /* of seq_cst fences */

void memory_begin(void) {
    cells_begin();
    message_count = location_count = 0;
    ranges_begin();
    view_clear(&total);
    for (unsigned i = 0; i < EXPLORER_THREADS_MAX; i++) {
        view_clear(&threads[i].now);
        view_clear(&threads[i].acquired);
        view_clear(&threads[i].released);
        threads[i].now.clock[i] = 1;
        threads[i].spins = 0;
    }
}

unsigned memory_writes(void) {
    return message_count;
}

static thread_memory *self(void) {
    return &threads[explorer_thread()];
}

static bool acquires(int order) {
    return order == memory_order_acquire || order == memory_order_acq_rel ||
           order == memory_order_seq_cst || order == memory_order_consume;
}

static bool releases(int order) {
    return order == memory_order_release || order == memory_order_acq_rel ||
           order == memory_order_seq_cst;
}

/* ---- memory itself: it always holds the last message ---- */

static uint64_t value_get(const void *address, size_t size) {
    uint64_t value = 0;
    memcpy(&value, address, size); /* little endian, as both platforms are */
    return value;
}

static void value_set(void *address, size_t size, uint64_t value) {
    undo_write(address, &value, size);
}

static uint64_t changed(uint64_t old, memory_change change, uint64_t operand) {
    switch (change) {
    case MEMORY_EXCHANGE:
        return operand;
    case MEMORY_ADD:
        return old + operand;
    case MEMORY_SUB:
        return old - operand;
    case MEMORY_AND:
        return old & operand;
    case MEMORY_OR:
        return old | operand;
    case MEMORY_XOR:
        break;
    }
    return old ^ operand;
}

/* ---- mappings ---- */

void memory_forbid(const void *start, size_t bytes) {
    if (!explorer_is_exploring())
        return;
    race_check_gone(start, bytes, &self()->now);
    range_forbid(start, bytes);
}

void memory_commit(const void *start, size_t bytes) {
    const unsigned thread = explorer_thread();
    if (explorer_is_exploring())
        range_commit(start, bytes, thread, threads[thread].now.clock[thread]);
}

/* ---- locations ---- */

static void message_add(location *where, uint64_t value, const view *carried) {
    if (message_count == MESSAGES_MAX || where->count == OF_LOCATION_MAX)
        explorer_fail("too many writes in one execution");
    message *fresh = &messages[message_count];
    fresh->value = value;
    if (carried != NULL)
        view_copy(&fresh->view, carried);
    else
        view_clear(&fresh->view);
    where->messages[where->count++] = (uint16_t)message_count++;
}

static const message *message_of(const location *where, unsigned index) {
    return &messages[where->messages[index]];
}

/* The location of a shared address; its first message is what memory holds. */
static location *location_of(cell *here, const void *address, size_t size) {
    if (here->location == 0) {
        if (location_count == LOCATIONS_MAX)
            explorer_fail("too many locations");
        here->location = (uint16_t)(++location_count);
        location *fresh = &locations[here->location - 1];
        fresh->count = fresh->total = 0;
        message_add(fresh, value_get(address, size), NULL);
    }
    return &locations[here->location - 1];
}

/* Before an atomic access: others may come first. */
static cell *access_begin(void *address, const void *place) {
    range_check(address, &self()->now, place);
    cell *here = cell_of(address);
    if (here->shared)
        schedule_point();
    else
        schedule_point_anywhere();
    if (here->shared && explorer_is_exploring())
        range_check(address, &self()->now, place);
    return here;
}

static void access_note(cell *here, cell_access access, const void *place) {
    if (access == CELL_WRITE || access == CELL_ATOMIC_WRITE)
        self()->spins = 0; /* a thread that only waits does not write */
    race_check(here, access, &self()->now, place);
}

/* ---- reads ---- */

static bool spins_on(const thread_memory *me, const cell *here, unsigned index) {
    return me->spins >= SPINS_MAX && me->spin_location == here->location &&
           me->spin_message == index;
}

static void note_read(thread_memory *me, const cell *here, unsigned index) {
    const bool again =
        me->spins > 0 && me->spin_location == here->location && me->spin_message == index;
    me->spins = again ? me->spins + 1 : 1;
    me->spin_location = here->location;
    me->spin_message = (uint16_t)index;
}

/* Chooses the message that a load reads: the last one, or an earlier one that the model allows. */
static unsigned read_choose(thread_memory *me, cell *here, const location *where, int order,
                            bool may_be_stale) {
    unsigned oldest = view_seen(&me->now, here->location - 1u);
    if (order == memory_order_seq_cst && where->total > oldest)
        oldest = where->total;
    const unsigned last = where->count - 1u;
    if (!may_be_stale || spins_on(me, here, oldest))
        return last; /* every value becomes visible in time */
    unsigned options = last - oldest + 1;
    if (options > STALE_MAX + 1)
        options = STALE_MAX + 1;
    return last - choice_take(options, true);
}

static uint64_t read_message(thread_memory *me, const cell *here, const location *where,
                             unsigned index, int order) {
    const message *read = message_of(where, index);
    view_raise(&me->now, here->location - 1u, (uint16_t)index);
    view_join(acquires(order) ? &me->now : &me->acquired, &read->view);
    return read->value;
}

uint64_t memory_load(void *address, size_t size, int order, const void *place) {
    if (!explorer_is_exploring())
        return value_get(address, size);
    order = weaken_order(place, WEAKEN_LOAD, order);
    cell *here = access_begin(address, place);
    if (!explorer_is_exploring()) /* any more */
        return value_get(address, size);
    thread_memory *me = self();
    if (!here->shared) {
        access_note(here, CELL_ATOMIC_READ, place);
        return value_get(address, size);
    }
    location *where = location_of(here, address, size);
    if (spins_on(me, here, where->count - 1u)) {
        schedule_wait(&where->count);
        where = location_of(here, address, size);
    }
    const unsigned index = read_choose(me, here, where, order, true);
    note_read(me, here, index);
    const uint64_t value = read_message(me, here, where, index, order);
    access_note(here, CELL_ATOMIC_READ, place);
    return value;
}

/* ---- writes ---- */

/* `sequence`: the message that a read-modify-write read; a reader of the new one acquires from it too. */
static void write_message(thread_memory *me, const cell *here, location *where, uint64_t value,
                          int order, const message *sequence) {
    view carried;
    view_copy(&carried, releases(order) ? &me->now : &me->released);
    if (sequence != NULL)
        view_join(&carried, &sequence->view);
    view_raise(&carried, here->location - 1u, where->count);
    view_raise(&me->now, here->location - 1u, where->count);
    if (order == memory_order_seq_cst)
        where->total = where->count;
    message_add(where, value, &carried);
    me->now.clock[explorer_thread()]++;
    me->spins = 0;
}

void memory_store(void *address, size_t size, uint64_t value, int order, const void *place) {
    if (!explorer_is_exploring()) {
        value_set(address, size, value);
        return;
    }
    order = weaken_order(place, WEAKEN_STORE, order);
    cell *here = access_begin(address, place);
    if (!explorer_is_exploring()) {
        value_set(address, size, value);
        return;
    }
    if (range_is_reborn(address))
        race_check_alone(here, &self()->now, place);
    access_note(here, CELL_ATOMIC_WRITE, place);
    if (here->shared)
        write_message(self(), here, location_of(here, address, size), value, order, NULL);
    value_set(address, size, value);
}

uint64_t memory_change_by(void *address, size_t size, memory_change change, uint64_t operand,
                          int order, const void *place) {
    if (!explorer_is_exploring()) {
        const uint64_t before = value_get(address, size);
        value_set(address, size, changed(before, change, operand));
        return before;
    }
    order = weaken_order(place, WEAKEN_RMW, order);
    cell *here = access_begin(address, place);
    if (!explorer_is_exploring())
        return memory_change_by(address, size, change, operand, order, place);
    thread_memory *me = self();
    const uint64_t old = value_get(address, size), value = changed(old, change, operand);
    if (here->shared) {
        location *where = location_of(here, address, size);
        const unsigned last = where->count - 1u;
        read_message(me, here, where, last, order);
        access_note(here, CELL_ATOMIC_WRITE, place);
        write_message(me, here, where, value, order, message_of(where, last));
    } else {
        access_note(here, CELL_ATOMIC_WRITE, place);
    }
    value_set(address, size, value);
    return old;
}

bool memory_compare_exchange(void *address, size_t size, uint64_t *expected, uint64_t desired,
                             int order, int failure, bool once, const void *place) {
    if (!explorer_is_exploring()) {
        const uint64_t before = value_get(address, size);
        const bool equal = before == *expected;
        if (equal)
            value_set(address, size, desired);
        *expected = before;
        return equal;
    }
    order = weaken_order(place, WEAKEN_CAS, order);
    failure = weaken_order(place, WEAKEN_CAS_FAILURE, failure);
    cell *here = access_begin(address, place);
    if (!explorer_is_exploring())
        return memory_compare_exchange(address, size, expected, desired, order, failure, once,
                                       place);
    thread_memory *me = self();
    const uint64_t latest = value_get(address, size);
    if (!here->shared) {
        const bool done = latest == *expected;
        access_note(here, done ? CELL_ATOMIC_WRITE : CELL_ATOMIC_READ, place);
        if (done)
            value_set(address, size, desired);
        *expected = latest;
        return done;
    }
    location *where = location_of(here, address, size);
    const unsigned last = where->count - 1u;
    /* It fails by reading the last value or an older one that differs. It may fail although the last value is the
     * expected one: C11 requires the last value only for a success. In a loop it would only be repeated. */
    unsigned index = last;
    if (once || latest != *expected)
        index = read_choose(me, here, where, failure, true);
    if (message_of(where, index)->value == *expected)
        index = last;
    if (message_of(where, index)->value == *expected) {
        read_message(me, here, where, last, order);
        access_note(here, CELL_ATOMIC_WRITE, place);
        write_message(me, here, where, desired, order, message_of(where, last));
        value_set(address, size, desired);
        return true;
    }
    *expected = read_message(me, here, where, index, failure);
    access_note(here, CELL_ATOMIC_READ, place);
    return false;
}

/* ---- fences ---- */

void memory_fence(int order, const void *place) {
    thread_memory *me = self();
    order = weaken_order(place, WEAKEN_FENCE, order);
    if (acquires(order))
        view_join(&me->now, &me->acquired);
    if (order == memory_order_seq_cst) {
        view_join_seen(&me->now, &total);
        view_join_seen(&total, &me->now);
    }
    if (releases(order)) {
        view_copy(&me->released, &me->now);
        me->now.clock[explorer_thread()]++; /* what follows is not released by it */
    }
}

/* Every thread passes a full barrier meanwhile: what the caller did before comes before what any does after. In the
 * other direction only atomic accesses are covered; the core needs no more. */
void memory_barrier_everywhere(void) {
    schedule_point();
    if (!explorer_is_exploring())
        return;
    thread_memory *me = self();
    view all;
    view_clear(&all);
    for (unsigned i = 0; i < EXPLORER_THREADS_MAX; i++) {
        view_join_seen(&all, &threads[i].now);
        range_known(explorer_thread(), i, threads[i].now.clock[i]);
    }
    for (unsigned i = 0; i < EXPLORER_THREADS_MAX; i++) {
        view_join_seen(&threads[i].now, &all);
        view_join(&threads[i].now, &me->now);
    }
    me->now.clock[explorer_thread()]++; /* what follows is not ordered by it */
}

/* ---- plain accesses ---- */

void memory_plain(void *address, size_t size, bool writes, const void *place) {
    if (!schedule_is_stack(address))
        schedule_point_anywhere();
    if (writes)
        undo_note(address, size);
    if (!explorer_is_exploring() || schedule_is_stack(address))
        return;
    range_check(address, &self()->now, place);
    cell *here = cell_of(address);
    access_note(here, writes ? CELL_WRITE : CELL_READ, place);
    /* Atomic accesses that follow are ordered after it, or race with it: they start from its value. */
    if (writes)
        here->location = 0;
}
