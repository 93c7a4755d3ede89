#include "base/biased.h"

#include "base/process.h"

static ss_biased_owner *owner_of(uint64_t owner) {
    return (ss_biased_owner *)(uintptr_t)(owner & SS_BIASED_OWNER);
}

/* ---- revoking ---- */

/* Values of barrier_able. A sandbox may forbid the barrier later; then ss_biased_barrier waits 1 ms, a thousand times as
 * long as a store stays in a processor. */
enum { UNKNOWN, ABLE, UNABLE };

void ss_biased_prepare(void) {
    if (atomic_load_explicit(&ss_process->barrier_able, memory_order_relaxed) != UNKNOWN)
        return;
    const uint32_t able = !ss_process_is_inline() && ss_os_barrier() ? ABLE : UNABLE;
    atomic_store_explicit(&ss_process->barrier_able, able, memory_order_relaxed);
}

bool ss_biased_able(void) {
    return atomic_load_explicit(&ss_process->barrier_able, memory_order_relaxed) == ABLE;
}

void ss_biased_barrier(void) {
    if (ss_os_barrier())
        return;
    atomic_store_explicit(&ss_process->barrier_able, UNABLE, memory_order_relaxed);
    _Atomic uint32_t never = 0;
    for (uint64_t end = ss_os_time_nanoseconds() + 1000000; ss_os_time_nanoseconds() < end;)
        ss_os_wait(&never, 0, 1);
}

/* Marks the lock's owner, which the caller read as *owner. False if it has changed; then *owner is its new value. */
static bool mark(ss_biased_lock *lock, uint64_t *owner) {
    if ((*owner & SS_BIASED_MARK) != 0)
        return true; /* another thread has marked it */
    /* Relaxed: the barrier that follows orders the mark. It also orders what the owner wrote to its heap before it
     * became the owner. */
    bool marked = atomic_compare_exchange_strong_explicit(
        &lock->owner, owner, *owner | SS_BIASED_MARK, memory_order_relaxed, memory_order_relaxed);
    if (marked)
        *owner |= SS_BIASED_MARK;
    return marked;
}

/* Waits until the marked owner is outside. It does not enter again as long as the mark is there. */
static void owner_wait(ss_biased_lock *lock, const ss_biased_owner *other) {
    ss_biased_barrier();
    /* Acquire: pairs with the owner's releases: with any other value comes what it did under the lock. */
    for (unsigned spins = 0; atomic_load_explicit(&other->inside, memory_order_acquire) == lock;
         spins++)
        ss_lock_spin(spins);
}

/* ---- taking ---- */

/* Called with `lock->lock` held and no owner. Afterwards the thread holds the lock as its owner. */
static void become_owner(ss_biased_lock *lock, ss_biased_owner *self) {
    uint64_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);
    atomic_store_explicit(&self->inside, lock, memory_order_release);
    /* Relaxed: a thread that sees the new owner runs the barrier. Any other one takes `lock->lock`, which is released
     * below, and then sees the owner. */
    atomic_store_explicit(&lock->owner, owner + SS_BIASED_COUNT + (uintptr_t)self,
                          memory_order_relaxed);
    lock->by_owner = true;
    ss_lock_release(&lock->lock);
}

/* `self` is in the calling thread's heap. NULL, of a closed thread or the scavenger, never becomes the owner. */
SS_COLD void ss_biased_take_slow(ss_biased_lock *lock, ss_biased_owner *self) {
    /* Relaxed: `inside` is this thread's own. */
    bool able = self != NULL && ss_biased_able() &&
                atomic_load_explicit(&self->inside, memory_order_relaxed) == NULL;
    uint64_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);
    for (;;) {
        if (owner_of(owner) != NULL) {
            if (!mark(lock, &owner))
                continue;
            owner_wait(lock, owner_of(owner));
        }
        uint64_t revoked = owner;
        ss_lock_take(&lock->lock);
        /* Relaxed: only a thread that holds `lock->lock` sets or clears the owner. Other threads only mark it. */
        owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);
        if (owner_of(owner) == NULL || owner == revoked)
            break;
        ss_lock_release(&lock->lock);
    }
    if (owner_of(owner) != NULL)
        atomic_store_explicit(&lock->owner, owner & ~(SS_BIASED_COUNT - 1), memory_order_relaxed);
    ss_lock_step(); /* ss_biased_inherit relies on this order: the owner is cleared before any change */
    lock->by_owner = false;
    uint32_t streak = atomic_load_explicit(&lock->streak, memory_order_relaxed);
    streak = lock->last == self ? streak + 1 : 0;
    lock->last = self;
    atomic_store_explicit(&lock->streak, streak, memory_order_relaxed);
    if (able && streak >= SS_BIASED_STREAK)
        become_owner(lock, self);
}

/* A thread that takes the lock from its owner clears `owner` before it changes anything. So while `owner` is set, only
 * the owner can be in the middle of a change. */
ss_biased_state ss_biased_inherit(ss_biased_lock *lock, const ss_biased_owner *mine) {
    uint64_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);
    const ss_biased_owner *last = owner_of(owner);
    bool inside = last != NULL && atomic_load_explicit(&last->inside, memory_order_relaxed) == lock;
    if (last != NULL && last == mine) {
        ss_lock_inherit(&lock->lock);
        /* The thread that marked it is gone. */
        atomic_store_explicit(&lock->owner, owner & ~SS_BIASED_MARK, memory_order_relaxed);
        return inside ? SS_BIASED_MINE : SS_BIASED_WHOLE;
    }
    if (last == NULL && ss_lock_is_mine(&lock->lock))
        return SS_BIASED_MINE;
    bool lost = ss_lock_inherit(&lock->lock);
    atomic_store_explicit(&lock->owner, owner & ~(SS_BIASED_COUNT - 1), memory_order_relaxed);
    return inside || (last == NULL && lost) ? SS_BIASED_TORN : SS_BIASED_WHOLE;
}
