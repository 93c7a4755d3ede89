#include "background/park.h"

#include "base/checks.h"
#include "heap/bins.h"

_Atomic uint32_t ss_flushes;

#define BATCH 64u /* threads parked with one barrier */
/* Smaller for threads at work: each of them may wait in a call until its batch ends, so a batch ends after
 * SS_HOUSEKEEPING_NANOSECONDS. The threads that are left are parked again, with another barrier. */
#define BATCH_AT_WORK 4u

/* ---- which threads sleep ---- */

/* Whether the heap may have filled a bin or acquired a slab since its last flush. */
static bool has_content(const ss_heap *heap) {
    return heap->park.cold_seen != ss_heap_cold_flushed(heap);
}

/* Called once a tick. A thread may work on its hot paths alone for long. Then its count of cold paths stands still, but
 * the tops of its bins move. So a heap sleeps only if its tops have not moved since the last tick either. */
static void heap_tick(ss_heap *heap, uint32_t ticks) {
    uint32_t cold = ss_heap_cold(heap);
    heap->park.ticks = cold == heap->park.cold_seen ? heap->park.ticks + 1 : 0;
    heap->park.cold_seen = cold;
    if (!has_content(heap) || heap->park.ticks + 1 < ticks)
        return;
    uintptr_t tops = ss_heap_tops(heap);
    if (heap->park.ticks >= ticks && tops != heap->park.tops)
        heap->park.ticks = ticks - 1;
    heap->park.tops = tops;
}

static bool sleeps(const ss_heap *heap, uint32_t ticks) {
    return heap->park.ticks >= ticks && has_content(heap);
}

static bool at_work(const ss_heap *heap, uint32_t ticks) {
    return heap->park.ticks < ticks && has_content(heap);
}

/* Whether threads at work may hold more than SS_SCAVENGER_END_BYTES. */
static bool worth_aging(uint32_t ticks) {
    size_t bytes = atomic_load_explicit(&ss_signals->bins_bytes, memory_order_relaxed) +
                   (atomic_load_explicit(&ss_signals->large_cache_granules, memory_order_relaxed)
                    << SS_GRANULE_SHIFT);
    const ss_heap *heap = ss_heap_first();
    for (; heap != NULL && bytes <= SS_SCAVENGER_END_BYTES; heap = ss_heap_next(heap))
        bytes += at_work(heap, ticks) ? ss_heap_kept_bytes(heap) : 0;
    return bytes > SS_SCAVENGER_END_BYTES;
}

/* ---- parking ---- */

typedef enum threads { ALL_THREADS, SLEEPERS, WORKERS } threads;

static bool is_wanted(const ss_heap *heap, threads which, uint32_t ticks) {
    switch (which) {
    case ALL_THREADS:
        return true;
    case SLEEPERS:
        return sleeps(heap, ticks);
    case WORKERS:
        return at_work(heap, ticks);
    }
    return false;
}

/* Closes the threads of a batch of heaps, from *next on, and advances *next. Returns the number of heaps in `parked`. */
static unsigned park_batch(ss_heap **next, threads which, uint32_t ticks, ss_heap *parked[BATCH]) {
    const unsigned most = which == WORKERS ? BATCH_AT_WORK : BATCH;
    unsigned count = 0;
    ss_heap *heap = *next;
    for (; heap != NULL && count < most; heap = ss_heap_next(heap))
        if (is_wanted(heap, which, ticks) && ss_heap_park_begin(heap))
            parked[count++] = heap;
    *next = heap;
    return count;
}

/* While a flush moves a block from a bin to its slab, the block is for a moment in neither. So the statistics are taken
 * again when the count is odd or has changed. The fences make the count a sequence lock: a reader that sees any store
 * of the flush sees the odd count, and a reader that sees the even count after it sees every block in its slab. */
static void flushes_begin(void) {
    uint32_t flushes = atomic_load_explicit(&ss_flushes, memory_order_relaxed);
    atomic_store_explicit(&ss_flushes, flushes + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
}

static void flushes_end(void) {
    uint32_t flushes = atomic_load_explicit(&ss_flushes, memory_order_relaxed);
    /* Relaxed: each flush that moved a block has ended with the fence in ss_signal_freed, which releases it. */
    atomic_store_explicit(&ss_flushes, flushes + 1, memory_order_relaxed);
}

/* The result of flushing a parked heap. LEFT: nothing was done, because its thread is inside. PART: the time was up,
 * and some bins still hold blocks. */
typedef enum parked_state { LEFT, PART, WHOLE } parked_state;

/* Flushes a heap whose thread was closed before the barrier, or ages it if its thread is at work. */
static parked_state parked_flush(ss_heap *heap, threads which, uint64_t until, ss_faults *faults) {
    bool whole = true;
    if (!ss_heap_is_parked(heap))
        return LEFT;
    ss_heap_flushing_begin(heap);
    if (which == WORKERS) {
        ss_heap_age(heap, faults);
        heap->park.tops = ss_heap_tops(heap); /* moved by this parker, not by the heap's thread */
    } else {
        whole = ss_heap_flush_until(heap, until, faults);
    }
    ss_heap_flushing_end(heap);
    return whole ? WHOLE : PART;
}

/* Flushes the heaps of a batch until SS_HOUSEKEEPING_NANOSECONDS have passed. Returns the number that are done. */
static unsigned batch_flush(ss_heap *const parked[BATCH], unsigned count, threads which,
                            ss_faults *faults) {
    const uint64_t until = ss_os_clock_nanoseconds() + SS_HOUSEKEEPING_NANOSECONDS;
    unsigned done = 0;
    bool flushed = false, over = false;
    flushes_begin();
    while (done < count && !over) {
        const parked_state state = parked_flush(parked[done], which, until, faults);
        flushed |= state != LEFT;
        done += state != PART;
        over = state == PART || ss_os_clock_nanoseconds() > until;
    }
    flushes_end();
    if (flushed)
        ss_biased_barrier();
    return done;
}

/* With park_lock held. False where the system has no barrier. */
static bool park_and_flush(threads which, uint32_t ticks, ss_faults *faults) {
    ss_heap *parked[BATCH];
    SS_CHECK(ss_park_lock_is_mine());
    bool able = !ss_process_is_inline();
    ss_heap *next = ss_heap_first();
    while (next != NULL && able) {
        unsigned count = park_batch(&next, which, ticks, parked), done = count;
        if (count == 0)
            break;
        able = ss_os_barrier();
        if (able)
            done = batch_flush(parked, count, which, faults);
        if (done < count)
            next = parked[done]; /* the rest is parked again, with a new barrier */
        for (unsigned i = 0; i < count; i++)
            ss_heap_park_end(parked[i]);
    }
    if (!able)
        ss_park_keeping(SS_KEEPING_NEVER);
    return able;
}

void ss_park_keeping(ss_keeping keeping) {
    uint32_t before = atomic_load_explicit(&ss_signals->keeping, memory_order_relaxed);
    if (before != SS_KEEPING_NEVER && before != (uint32_t)keeping)
        /* Relaxed: the slabs that a heap keeps stay its own at any value. */
        atomic_store_explicit(&ss_signals->keeping, keeping, memory_order_relaxed);
}

bool ss_park_and_flush(ss_faults *faults) {
    ss_park_lock_take();
    bool able = park_and_flush(ALL_THREADS, 0, faults);
    ss_park_lock_release();
    return able;
}

bool ss_park_sleepers(uint32_t ticks, uint32_t *cold, ss_faults *faults) {
    bool any = false;
    uint32_t used = 0;
    ss_park_lock_take();
    for (ss_heap *heap = ss_heap_first(); heap != NULL; heap = ss_heap_next(heap)) {
        heap_tick(heap, ticks);
        *cold += heap->park.cold_seen;
        any |= sleeps(heap, ticks);
        used += has_content(heap);
    }
    ss_park_keeping(used > 1 ? SS_KEEPING_AMONG : SS_KEEPING_ALONE);
    /* Without a barrier sleeping threads keep what they hold, so the scavenger need not stay for it. */
    any = any && park_and_flush(SLEEPERS, ticks, faults);
    ss_park_lock_release();
    return any;
}

bool ss_park_workers(uint32_t ticks, ss_faults *faults) {
    bool any = false;
    ss_park_lock_take();
    for (ss_heap *heap = ss_heap_first(); heap != NULL; heap = ss_heap_next(heap))
        any |= at_work(heap, ticks);
    any = any && worth_aging(ticks) && park_and_flush(WORKERS, ticks, faults) && worth_aging(ticks);
    ss_park_lock_release();
    return any;
}

void ss_park_inherit(void) {
    uint32_t flushes = atomic_load_explicit(&ss_flushes, memory_order_relaxed);
    if (!ss_park_lock_is_mine())
        atomic_store_explicit(&ss_flushes, flushes + flushes % 2, memory_order_relaxed);
}

bool ss_park_and_read(void (*read)(ss_heap *heap, void *context), void *context) {
    ss_heap *parked[BATCH];
    bool able = !ss_process_is_inline();
    ss_park_lock_take();
    ss_heap *next = ss_heap_first();
    while (next != NULL && able) {
        const unsigned count = park_batch(&next, ALL_THREADS, 0, parked);
        able = count == 0 || ss_os_barrier();
        for (unsigned i = 0; i < count && able; i++)
            if (ss_heap_is_parked(parked[i]))
                read(parked[i], context);
        if (able && count != 0)
            ss_biased_barrier(); /* orders the reads before what the threads do next */
        for (unsigned i = 0; i < count; i++)
            ss_heap_park_end(parked[i]);
    }
    ss_park_lock_release();
    return able;
}
