#include "slab/owner.h"

#include "base/report.h"
#include "slab/slab_checks.h"
#include "slab/state.h"

/* Two threads freed one block at once: the slab's owner set its own bit, the other thread the shared one. Reports each
 * such block. */
static SS_COLD void report_twice(const ss_slab *slab, uint32_t word, uint64_t twice) {
    const ss_slab_view view = ss_slab_read(slab);
    ss_faults faults = {.count = 0};
    for (; twice != 0; twice &= twice - 1) {
        uint32_t index = word * 64 + (uint32_t)__builtin_ctzll(twice);
        ss_fault_add(&faults, SUPERSLAB_ERROR_DOUBLE_FREE,
                     (void *)ss_slab_block(ss_slab_space(view), view, index));
    }
    ss_report_defer(&faults);
}

/* Clears the owner's bits of blocks that another thread gave back too. They stay free by their shared bits and are
 * reported. */
static SS_COLD void own_check(ss_slab *slab, const ss_class *class) {
    _Atomic uint64_t *owned = ss_slab_owned(slab, class);
    for (uint64_t words = slab->words; words != 0; words &= words - 1) {
        const uint32_t word = (uint32_t)__builtin_ctzll(words);
        const uint64_t bits = atomic_load_explicit(&owned[word], memory_order_relaxed);
        const uint64_t twice = bits & atomic_load_explicit(&slab->bits[word], memory_order_relaxed);
        if (SS_LIKELY(twice == 0))
            continue;
        atomic_store_explicit(&owned[word], bits & ~twice, memory_order_relaxed);
        if (bits == twice)
            slab->words &= ~(UINT64_C(1) << word);
        atomic_store_explicit(&slab->owner_free,
                              atomic_load_explicit(&slab->owner_free, memory_order_relaxed) -
                                  ss_popcount(twice),
                              memory_order_relaxed);
        report_twice(slab, word, twice);
    }
}

uint32_t ss_owner_take(ss_slab *slab, ss_slab_view view, void **end, uint32_t count) {
    uint32_t mine = atomic_load_explicit(&slab->owner_free, memory_order_relaxed);
    SS_CHECK(ss_check_owned(slab));
    if (count > mine)
        count = mine;
    if (count == 0)
        return 0;
    const uintptr_t base = ss_slab_base(ss_slab_space(view), view),
                    stride = ss_class_stride(view.class);
    if (SS_UNLIKELY((ss_state_load(slab, memory_order_relaxed) & SS_STATE_COUNT) != 0))
        own_check(slab, view.class);
    mine = atomic_load_explicit(&slab->owner_free, memory_order_relaxed);
    if (SS_UNLIKELY(count > mine))
        count = mine;
    _Atomic uint64_t *owned = ss_slab_owned(slab, view.class);
    uint64_t words = slab->words;
    uint32_t left = count;
    /* The lowest first, so that pages at high addresses stay untouched or become free. */
    while (left != 0) {
        const uint32_t word = (uint32_t)__builtin_ctzll(words);
        uint64_t bits = atomic_load_explicit(&owned[word], memory_order_relaxed);
        const uintptr_t start = base + (uintptr_t)word * 64 * stride;
        for (; bits != 0 && left != 0; bits &= bits - 1, left--)
            *--end = (void *)(start + (uint32_t)__builtin_ctzll(bits) * stride);
        atomic_store_explicit(&owned[word], bits, memory_order_relaxed);
        if (bits == 0)
            words &= words - 1;
    }
    slab->words = words;
    atomic_store_explicit(&slab->owner_free, mine - count, memory_order_relaxed);
    return count;
}

uint32_t ss_owner_share(ss_slab *slab) {
    const ss_class *class = ss_slab_read(slab).class;
    _Atomic uint64_t *owned = ss_slab_owned(slab, class);
    uint32_t mine = atomic_load_explicit(&slab->owner_free, memory_order_relaxed);
    if (mine == 0)
        return 0;
    SS_CHECK(ss_check_owned(slab));
    /* A shared bit is set before the owner's is cleared: the child of a fork, which joins the halves, misses no block.
     * A look-up by another thread reads the halves apart and may find the block in neither. */
    atomic_store_explicit(&slab->owner_free, 0, memory_order_relaxed);
    for (uint64_t words = slab->words; words != 0; words &= words - 1) {
        const uint32_t word = (uint32_t)__builtin_ctzll(words);
        uint64_t bits = atomic_load_explicit(&owned[word], memory_order_relaxed);
        /* Relaxed: the caller's change of the state, which ends the ownership, releases what the blocks' users wrote. The
         * next owner acquires that change before it takes a block. */
        uint64_t old = atomic_fetch_or_explicit(&slab->bits[word], bits, memory_order_relaxed);
        ss_lock_step();
        atomic_store_explicit(&owned[word], 0, memory_order_relaxed);
        if (SS_UNLIKELY((old & bits) != 0)) {
            mine -= ss_popcount(old & bits);
            report_twice(slab, word, old & bits);
        }
    }
    slab->words = 0;
    return mine;
}

uint64_t ss_owner_inherit(ss_slab *slab) {
    const ss_class *class = ss_slab_read(slab).class;
    _Atomic uint64_t *owned = ss_slab_owned(slab, class);
    uint64_t count = 0;
    for (uint32_t word = 0; word < ss_class_words(class); word++) {
        uint64_t bits = atomic_load_explicit(&owned[word], memory_order_relaxed) |
                        atomic_load_explicit(&slab->bits[word], memory_order_relaxed);
        atomic_store_explicit(&slab->bits[word], bits, memory_order_relaxed);
        atomic_store_explicit(&owned[word], 0, memory_order_relaxed);
        count += ss_popcount(bits);
    }
    slab->words = 0;
    atomic_store_explicit(&slab->owner_free, 0, memory_order_relaxed);
    return count;
}
