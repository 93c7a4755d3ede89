#include "heap/bins.h"

#include "base/meta.h"
#include "base/route.h"
#include "base/signal.h"
#include "heap/heap_checks.h"
#include "heap/large_cache.h"
#include "heap/outlet.h"
#include "slab/owner.h"
#include "slab/purge.h"
#include "slab/slab_checks.h"

#include <string.h>

void *const ss_bin_no_slots[SS_BIN_SLOTS_EXTRA] = {NULL, SS_BIN_LID};

/* Makes the slots from `first` up to `end` vacant, as a pop leaves the slot that it emptied. */
static SS_NOINLINE void bin_vacate(void **first, void **end, unsigned bin) {
    void *const vacant = ss_bin_vacant(bin);
    for (; first < end; first++)
        *first = vacant;
}

static void bin_used(ss_heap *heap, unsigned bin) {
    heap->used[bin / 64] |= UINT64_C(1) << bin % 64;
}

/* The first bin from `bin` on that has room or a slab; SS_BIN_COUNT after the last. */
static unsigned bin_next(const ss_heap *heap, unsigned bin) {
    while (bin < SS_BIN_COUNT) {
        uint64_t rest = heap->used[bin / 64] >> bin % 64;
        if (rest != 0)
            return bin + (unsigned)__builtin_ctzll(rest);
        bin = (bin / 64 + 1) * 64;
    }
    return SS_BIN_COUNT;
}

/* ---- room in a bin ---- */

static size_t slots_bytes(uint32_t capacity) {
    return (capacity + SS_BIN_SLOTS_EXTRA) * sizeof(void *);
}

/* Gives the bin `capacity` slots, keeping its blocks; false without memory. */
static bool bin_resize(ss_heap *heap, unsigned bin, uint16_t capacity) {
    SS_CHECK(ss_check_bin(heap, bin));
    uint32_t old = atomic_load_explicit(&heap->bin[bin].capacity, memory_order_relaxed);
    void **slots = ss_meta_take(slots_bytes(capacity)), **before = ss_bin_slots(heap, bin);
    if (slots == NULL)
        return false;
    uint32_t blocks = ss_bin_blocks(heap, bin);
    memcpy(slots, before, (blocks + 1) * sizeof(void *));
    bin_vacate(slots + blocks + 1, slots + capacity + 1, bin);
    slots[capacity + 1] = SS_BIN_LID;
    ss_bin_set(heap, bin, slots, capacity, blocks);
    if (old != 0)
        ss_meta_give(before, slots_bytes(old));
    return true;
}

/* Whether a bin may grow by `bytes`. The bins of one heap may hold a fixed number of bytes, those of all heaps a share
 * of the committed memory: otherwise many threads would cache more than the program uses. */
static bool bin_may_grow(const ss_heap *heap, unsigned bin, size_t bytes) {
    ss_space_kind kind = ss_bin_header(bin) >= SS_BIN_HEADED ? SS_SPACE_HEADED : SS_SPACE_HEADLESS;
    size_t all = atomic_load_explicit(&ss_signals->bins_bytes, memory_order_relaxed);
    size_t committed = ss_committed_bytes(kind);
    return heap->bins_bytes + bytes <= SS_HEAP_MAX_BYTES &&
           (all + bytes <= SS_BINS_FLOOR_BYTES || all + bytes <= committed >> SS_BINS_SHARE_SHIFT);
}

/* Gives a bin its first room, or twice its room, up to its class's limit. Up to SS_BIN_FIRST_BLOCKS it grows whatever
 * all bins hold. False if it does not grow. */
static bool bin_grow(ss_heap *heap, unsigned bin) {
    const ss_class *class = ss_bin_class(bin);
    uint32_t old = atomic_load_explicit(&heap->bin[bin].capacity, memory_order_relaxed);
    if (SS_LIKELY(old >= ss_class_bin_most(class)))
        return false;
    /* Bottom and lid included, a power of 2 of slots: whole cache lines from 6 blocks on. */
    uint32_t capacity =
        old == 0 ? ss_bin_first_blocks(ss_class_stride(class)) : old * 2 + SS_BIN_SLOTS_EXTRA;
    if (capacity > ss_class_bin_most(class))
        capacity = ss_class_bin_most(class);
    size_t bytes = (size_t)(capacity - old) * ss_class_stride(class);
    if ((capacity > SS_BIN_FIRST_BLOCKS && !bin_may_grow(heap, bin, bytes)) ||
        !bin_resize(heap, bin, (uint16_t)capacity))
        return false;
    bin_used(heap, bin);
    heap->bins_bytes += bytes;
    ss_signal_want(bytes +
                   atomic_fetch_add_explicit(&ss_signals->bins_bytes, bytes, memory_order_relaxed));
    return true;
}

/* ---- refill ---- */

/* Adds the bytes moved between bins and slabs to the process's counter once they reach `step`, because all threads
 * share that word. */
static void tell_moved(ss_heap *heap, size_t step) {
    if (heap->freed_bytes < step)
        return;
    ss_signal_freed(heap->freed_bytes);
    heap->freed_bytes = 0;
}

/* Takes up to `count` blocks from the heap's slabs and returns their number. Abandons slabs that become full, and
 * acquires others. */
static uint32_t heap_take(ss_heap *heap, unsigned bin, void **blocks, uint32_t count) {
    ss_bin *b = &heap->bin[bin];
    uint32_t taken = 0;
    for (;;) {
        ss_slab *slab = ss_ring_first(&b->ring);
        if (slab != NULL) {
            SS_CHECK(ss_check_owner(slab, heap->id));
            uint32_t got = ss_slab_take(slab, blocks, count - taken);
            taken += got;
            blocks += got;
            if (taken == count)
                return taken;
            ss_ring_drop(&b->ring, slab);
            if (!ss_slab_abandon_full(slab)) {
                ss_ring_add(&b->ring, slab); /* another thread has just given a block back */
                continue;
            }
            /* Half a batch will do: the other half is not worth one more slab. */
            if (taken * 2 >= count)
                return taken;
            if (ss_ring_first(&b->ring) != NULL)
                continue;
        }
        slab = ss_slab_acquire(bin, heap->id, NULL);
        if (slab == NULL)
            return taken;
        ss_ring_add(&b->ring, slab);
    }
}

/* Takes blocks until the bin holds `want`; the lowest addresses end on top. */
static uint32_t bin_fill(ss_heap *heap, unsigned bin, uint32_t want) {
    SS_CHECK(ss_check_bin(heap, bin));
    uint32_t blocks = ss_bin_blocks(heap, bin);
    if (blocks >= want)
        return blocks;
    void **slots = ss_bin_slots(heap, bin);
    const unsigned first = SS_HARDENED ? ss_bin_header(bin) : bin;
    uint32_t got = heap_take(heap, first, slots + 1 + blocks, want - blocks);
    if (SS_HARDENED) {
        ss_outlet_shuffle(heap, slots + 1 + blocks, got);
        bin_used(heap, first); /* it has slabs, although only its outlet has blocks */
    }
    /* A take that got fewer blocks wrote them to higher slots first and then moved them down. */
    bin_vacate(slots + 1 + blocks + got, slots + 1 + want, bin);
    atomic_store_explicit(&heap->top[bin], slots + blocks + got, memory_order_relaxed);
    heap->freed_bytes += (size_t)got * ss_bin_stride(bin);
    tell_moved(heap, SS_FREED_STEP_BYTES);
    return blocks + got;
}

void *ss_heap_refill(ss_heap *heap, unsigned bin) {
    const unsigned outlet = ss_bin_outlet(bin);
    if (SS_HARDENED && ss_outlet_turn(heap, bin))
        return ss_heap_pop(heap, outlet);
    bin_grow(heap, outlet);
    uint32_t capacity = ss_bin_capacity(heap, outlet);
    if (capacity == 0)
        return ss_heapless_take(bin);
    return bin_fill(heap, outlet, (capacity + 1) / 2) == 0 ? NULL : ss_heap_pop(heap, outlet);
}

uint32_t ss_heap_fill(ss_heap *heap, unsigned bin, uint32_t count) {
    bin = ss_bin_outlet(bin);
    while (ss_bin_capacity(heap, bin) < count && bin_grow(heap, bin))
        ;
    uint32_t capacity = ss_bin_capacity(heap, bin);
    return capacity == 0 ? 0 : bin_fill(heap, bin, count < capacity ? count : capacity);
}

void *ss_heapless_take(unsigned bin) {
    ss_slab *slab;
    void *block = NULL;
    while (block == NULL && (slab = ss_slab_acquire(bin, 0, NULL)) != NULL) {
        ss_slab_take(slab, &block, 1);
        ss_slab_abandon(slab);
    }
    return block;
}

static void *listed_take(unsigned bin) {
    uint32_t count = ss_space_internal_count();
    void *block = NULL;
    for (uint32_t i = 0; i < count && block == NULL; i++) {
        ss_space *space = ss_space_internal(i);
        ss_slab *slab = ss_slab_adopt(space, bin, 0);
        if (slab != NULL) {
            ss_slab_take(slab, &block, 1);
            ss_slab_abandon(slab);
        }
    }
    return block;
}

SS_COLD void *ss_heap_scrape(ss_heap *heap, unsigned *bin, ss_faults *faults) {
    ss_heap_flush(heap, faults);
    ss_purge_recover();
    void *block = ss_heapless_take(*bin);
    unsigned end = *bin >= SS_BIN_HEADED ? SS_BIN_HEADED + SS_HEADED_COUNT : *bin + 1;
    for (unsigned larger = *bin + 1; block == NULL && larger < end; larger++)
        if ((block = listed_take(larger)) != NULL) {
            *bin = larger;
            atomic_store_explicit(&ss_process->heaps.lent, true, memory_order_relaxed);
        }
    return block;
}

/* ---- flush ---- */

/* Gives blocks back to their slabs. With `adopt` the heap may adopt one of the slabs. */
static void heap_give(ss_heap *heap, unsigned bin, void **blocks, uint32_t count, bool adopt,
                      ss_faults *faults) {
    bin = SS_HARDENED ? ss_bin_header(bin) : bin;
    ss_giver giver = {heap->id, adopt ? bin : SS_BIN_COUNT, &heap->bin[bin].ring,
                      ss_owner_keeps(ss_bin_class(bin)), NULL};
    ss_slab_give(blocks, count, bin, &giver, faults);
    if (ss_ring_first(&heap->bin[bin].ring) != NULL)
        bin_used(heap, bin);
}

/* Gives the oldest `count` blocks of a bin back. */
static void bin_flush(ss_heap *heap, unsigned bin, uint32_t count, bool adopt, ss_faults *faults) {
    SS_CHECK(ss_check_bin(heap, bin));
    void **slots = ss_bin_slots(heap, bin);
    uint32_t blocks = ss_bin_blocks(heap, bin);
    heap_give(heap, bin, slots + 1, count, adopt, faults);
    heap->freed_bytes += (size_t)count * ss_bin_stride(bin);
    for (uint32_t i = 1; i <= blocks - count; i++)
        slots[i] = slots[i + count];
    bin_vacate(slots + 1 + blocks - count, slots + 1 + blocks, bin);
    atomic_store_explicit(&heap->top[bin], slots + (blocks - count), memory_order_relaxed);
}

void ss_heap_overflow(ss_heap *heap, unsigned bin, void *block, ss_faults *faults) {
    if (!bin_grow(heap, bin)) {
        uint32_t blocks = ss_bin_blocks(heap, bin);
        if (blocks == 0) { /* no memory for a slot, or a parker emptied the bin meanwhile */
            heap_give(heap, bin, &block, 1, true, faults);
            return;
        }
        bin_flush(heap, bin, (blocks + 1) / 2, true, faults);
        tell_moved(heap, SS_FREED_STEP_BYTES);
    }
    ss_bin_push(heap->top, bin, block);
}

/* Abandons the slabs of an empty bin and frees its slots. */
static void bin_end(ss_heap *heap, unsigned bin) {
    ss_bin *b = &heap->bin[bin];
    uint16_t capacity = atomic_load_explicit(&b->capacity, memory_order_relaxed);
    ss_ring_end(&b->ring);
    b->mark = 0;
    heap->used[bin / 64] &= ~(UINT64_C(1) << bin % 64);
    if (capacity == 0)
        return;
    void **slots = ss_bin_slots(heap, bin);
    ss_bin_set(heap, bin, SS_BIN_NO_SLOTS, 0, 0);
    ss_meta_give(slots, slots_bytes(capacity));
}

/* The bytes of blocks for which the bin has room. */
static size_t bin_bytes(const ss_heap *heap, unsigned bin) {
    return ss_bin_capacity(heap, bin) * (size_t)ss_bin_stride(bin);
}

bool ss_heap_flush_until(ss_heap *heap, uint64_t until, ss_faults *faults) {
    unsigned bin = bin_next(heap, 0);
    while (bin < SS_BIN_COUNT) {
        uint32_t blocks = ss_bin_blocks(heap, bin);
        if (blocks != 0)
            bin_flush(heap, bin, blocks, false, faults);
        ss_bins_shrunk(heap, bin_bytes(heap, bin));
        bin_end(heap, bin); /* the slots too: a sleeping thread keeps nothing */
        bin = bin_next(heap, bin + 1);
        if (bin < SS_BIN_COUNT && until != SS_FLUSH_ALL && ss_os_clock_nanoseconds() > until)
            break;
    }
    ss_large_cache_flush(heap);
    tell_moved(heap, 1); /* the heap may not be used again for long */
    if (bin < SS_BIN_COUNT)
        return false;
    /* The rest is 0, unless a fork caught a thread between the change of a bin and that of the sum. */
    ss_bins_shrunk(heap, heap->bins_bytes);
    ss_heap_note_flushed(heap);
    return true;
}

void ss_heap_flush(ss_heap *heap, ss_faults *faults) {
    ss_heap_flush_until(heap, SS_FLUSH_ALL, faults);
}

/* ---- age ---- */

/* Checksum of the oldest `count` blocks of a bin; differs almost surely if one of them changed. */
static uint32_t bin_mark(const ss_heap *heap, unsigned bin, uint32_t count) {
    void **slots = ss_bin_slots(heap, bin);
    uint32_t mark = 1 + count;
    for (uint32_t i = 1; i <= count; i++)
        mark += (uint32_t)((uintptr_t)slots[i] / SS_ALIGNMENT);
    return mark;
}

static void bin_age(ss_heap *heap, unsigned bin, ss_faults *faults) {
    ss_bin *b = &heap->bin[bin];
    const size_t stride = ss_bin_stride(bin);
    uint32_t blocks = ss_bin_blocks(heap, bin), old = (blocks + 1) / 2;
    if (blocks != 0 && blocks * stride < SS_BIN_AGE_BYTES) {
        b->mark = 0;
        return;
    }
    uint32_t mark = bin_mark(heap, bin, old);
    if (mark != b->mark) {
        b->mark = mark;
        return;
    }
    if (blocks == 0) {
        ss_bins_shrunk(heap, bin_bytes(heap, bin));
        bin_end(heap, bin);
        return;
    }
    bin_flush(heap, bin, old, false, faults);
    b->mark = bin_mark(heap, bin, (blocks - old + 1) / 2);
}

void ss_heap_age(ss_heap *heap, ss_faults *faults) {
    for (unsigned bin = 0; (bin = bin_next(heap, bin)) < SS_BIN_COUNT; bin++) {
        bin_age(heap, bin, faults);
        ss_ring_age(&heap->bin[bin].ring);
    }
    ss_large_cache_age(heap);
    tell_moved(heap, 1);
}
