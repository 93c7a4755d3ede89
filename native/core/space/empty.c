#include "space/empty.h"

#include "base/meta.h"
#include "space/registry.h"

SS_SPARSE ss_empty_data ss_empty_state;

/* The words that a search looks at before it asks for another page: it need not be long where few are free. */
#define SEARCH_WORDS 64u

/* ---- the reservation ---- */

/* Under a limit on addresses it has a small part of them. */
static size_t reservation_bytes(void) {
    const size_t least = SS_EMPTY_PAGE_BLOCKS * SS_EMPTY_STRIDE;
    const size_t part = ss_os_address_limit() / 64;
    return part >= SS_EMPTY_MOST_BYTES ? SS_EMPTY_MOST_BYTES
           : part < least              ? least
                                       : part & ~(least - 1);
}

static SS_COLD void empty_make(void) {
    ss_lock_take(&ss_registry->lock);
    if (atomic_load_explicit(&ss_empty->bytes, memory_order_relaxed) == 0) {
        const size_t bytes = reservation_bytes();
        void *start = ss_os_reserve(bytes, SS_GRANULE_BYTES);
        if (start != NULL) {
            ss_count_reserved(bytes);
            atomic_store_explicit(&ss_empty->base, (uintptr_t)start, memory_order_relaxed);
            /* Release: pairs with the acquire in ss_empty_has. */
            atomic_store_explicit(&ss_empty->bytes, bytes, memory_order_release);
        }
    }
    ss_lock_release(&ss_registry->lock);
}

/* ---- pages of bits ---- */

static uint32_t pages_in_use(void) {
    /* Acquire: pairs with the release in page_add, so the pages are there. */
    return atomic_load_explicit(&ss_empty->pages, memory_order_acquire);
}

/* Adds a page if there are still `pages` of them. False if that is all, or without memory. */
static SS_COLD bool page_add(uint32_t pages) {
    const size_t bytes = atomic_load_explicit(&ss_empty->bytes, memory_order_acquire);
    if (pages >= bytes / SS_EMPTY_STRIDE / SS_EMPTY_PAGE_BLOCKS)
        return false;
    _Atomic uint64_t *none = NULL, *bits = ss_meta_take(SS_EMPTY_PAGE_BYTES);
    if (bits == NULL)
        return false;
    /* Release, here and below: a thread that acquires the number or the page sees its bits as 0. */
    if (!atomic_compare_exchange_strong_explicit(&ss_empty->page[pages], &none, bits,
                                                 memory_order_release, memory_order_relaxed))
        ss_meta_give(bits, SS_EMPTY_PAGE_BYTES); /* another thread was first */
    uint32_t now = pages;
    if (atomic_compare_exchange_strong_explicit(&ss_empty->pages, &now, pages + 1,
                                                memory_order_acq_rel, memory_order_relaxed))
        atomic_store_explicit(&ss_empty->next, pages * (uint32_t)SS_EMPTY_PAGE_BLOCKS,
                              memory_order_relaxed);
    return true;
}

static _Atomic uint64_t *word_at(size_t word) {
    /* Acquire: see page_add. */
    return &atomic_load_explicit(&ss_empty->page[word / SS_EMPTY_PAGE_WORDS],
                                 memory_order_acquire)[word % SS_EMPTY_PAGE_WORDS];
}

static uintptr_t block_at(size_t index) {
    return atomic_load_explicit(&ss_empty->base, memory_order_relaxed) + index * SS_EMPTY_STRIDE;
}

static size_t index_of(uintptr_t address) {
    return (address - atomic_load_explicit(&ss_empty->base, memory_order_relaxed)) /
           SS_EMPTY_STRIDE;
}

/* ---- taking and giving ----
 * Relaxed: a bit hands over no contents, because an empty block has none. */

/* The bits of a word whose blocks have the alignment of `step` blocks. */
static uint64_t aligned_bits(size_t word, size_t step) {
    uint64_t bits = 0;
    if (step > 64)
        return word % (step / 64) == 0;
    for (size_t bit = 0; bit < 64; bit += step)
        bits |= UINT64_C(1) << bit;
    return bits;
}

/* Sets one of the free bits of a word, if another thread leaves one. */
static bool word_take(size_t word, uint64_t wanted, size_t *index) {
    _Atomic uint64_t *bits = word_at(word);
    uint64_t free = wanted & ~atomic_load_explicit(bits, memory_order_relaxed);
    while (free != 0) {
        const uint64_t bit = free & -free;
        if ((atomic_fetch_or_explicit(bits, bit, memory_order_relaxed) & bit) == 0) {
            *index = word * 64 + (size_t)__builtin_ctzll(bit);
            return true;
        }
        free &= ~bit;
    }
    return false;
}

/* Looks at `words` words, from block `from` on, in the first `end` words, and begins again at their start. */
static bool search(size_t from, size_t end, size_t words, size_t step, size_t *index) {
    const size_t stride = step > 64 ? step / 64 : 1; /* words between two that have such blocks */
    size_t word = from / 64 / stride * stride;
    uint64_t behind = UINT64_MAX << from % 64; /* of the first word: no earlier block */
    for (size_t seen = 0; seen < words; seen += stride) {
        if (word_take(word, aligned_bits(word, step) & behind, index))
            return true;
        behind = UINT64_MAX;
        word += stride;
        if (word >= end) {
            atomic_store_explicit(&ss_empty->lapped, true, memory_order_relaxed);
            word = 0;
        }
    }
    return false;
}

/* Where the search begins. */
static size_t search_from(size_t end) {
    const size_t next = atomic_load_explicit(&ss_empty->next, memory_order_relaxed);
    if (next < end * 64)
        return next;
    atomic_store_explicit(&ss_empty->lapped, true, memory_order_relaxed);
    return 0;
}

/* The index of a block that was free, or SIZE_MAX. */
static size_t index_take(size_t step) {
    for (;;) {
        const uint32_t pages = pages_in_use();
        const size_t end = pages * SS_EMPTY_PAGE_WORDS;
        size_t words = SEARCH_WORDS * (step > 64 ? step / 64 : 1), index;
        if (words > end)
            words = end;
        if (pages != 0 && search(search_from(end), end, words, step, &index))
            return index;
        if (page_add(pages) || pages_in_use() != pages)
            continue;
        return pages != 0 && search(0, end, end, step, &index) ? index : SIZE_MAX;
    }
}

void *ss_empty_take(size_t alignment) {
    if (SS_UNLIKELY(atomic_load_explicit(&ss_empty->bytes, memory_order_relaxed) == 0))
        empty_make();
    const size_t step = alignment <= SS_EMPTY_STRIDE ? 1 : alignment / SS_EMPTY_STRIDE;
    const size_t index = index_take(step);
    if (index == SIZE_MAX)
        return NULL;
    atomic_store_explicit(&ss_empty->next, (uint32_t)index + 1, memory_order_relaxed);
    return (void *)block_at(index);
}

static bool is_in_use(size_t index) {
    return index < pages_in_use() * SS_EMPTY_PAGE_BLOCKS;
}

bool ss_empty_give(const void *block) {
    const size_t index = index_of((uintptr_t)block);
    const uint64_t bit = UINT64_C(1) << index % 64;
    return (uintptr_t)block % SS_EMPTY_STRIDE == 0 && is_in_use(index) &&
           (atomic_fetch_and_explicit(word_at(index / 64), ~bit, memory_order_relaxed) & bit) != 0;
}

/* ---- asking ---- */

ss_empty_use ss_empty_use_at(uintptr_t address) {
    const size_t index = index_of(address);
    if (!is_in_use(index))
        return SS_EMPTY_UNUSED;
    if (atomic_load_explicit(word_at(index / 64), memory_order_relaxed) >> index % 64 & 1)
        return SS_EMPTY_LIVE;
    return index < atomic_load_explicit(&ss_empty->next, memory_order_relaxed) ||
                   atomic_load_explicit(&ss_empty->lapped, memory_order_relaxed)
               ? SS_EMPTY_FREED
               : SS_EMPTY_UNUSED;
}

bool ss_empty_group(uint32_t group, uintptr_t *first, uint64_t *live) {
    if (group >= pages_in_use() * SS_EMPTY_PAGE_WORDS)
        return false;
    *first = block_at((size_t)group * 64);
    *live = atomic_load_explicit(word_at(group), memory_order_relaxed);
    return true;
}

uint64_t ss_empty_live(void) {
    uint64_t count = 0, live;
    uintptr_t first;
    for (uint32_t group = 0; ss_empty_group(group, &first, &live); group++)
        count += ss_popcount(live);
    return count;
}
