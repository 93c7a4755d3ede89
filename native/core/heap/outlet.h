/* Outlets, in hardened builds alone. A bin has two stacks: free pushes onto the bin, malloc pops from its outlet. When
 * the outlet is empty, a cold path exchanges the two. So a block that was freed is handed out again only after all blocks
 * of the outlet, and the hot paths have no instruction for it: the outlet's number is the bin's plus a constant.
 *
 * A batch from a slab comes in random order. So neighbours in time are no neighbours in memory, and an attacker cannot
 * tell which block lies behind another one. */
#ifndef SS_OUTLET_H
#define SS_OUTLET_H

#include "heap/bins.h"
#include "os/os.h"

/* A xorshift generator (Marsaglia, 2003): it need not be strong, because its state is in no block and its seed is the
 * system's. */
static inline uint64_t ss_outlet_random(uint64_t *state) {
    if (SS_UNLIKELY(*state == 0))
        *state = ss_os_random() | 1;
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/* Gives the last of `count` blocks a random place. */
static inline void ss_outlet_swap(ss_heap *heap, void **blocks, uint32_t count) {
    const uint32_t other = (uint32_t)(((ss_outlet_random(heap->shuffle) >> 32) * count) >> 32);
    void *block = blocks[count - 1];
    blocks[count - 1] = blocks[other];
    blocks[other] = block;
}

/* Puts `count` blocks into random order (Fisher and Yates). */
static inline void ss_outlet_shuffle(ss_heap *heap, void **blocks, uint32_t count) {
    for (; count > 1; count--)
        ss_outlet_swap(heap, blocks, count);
}

/* Whether a block is in a bin of the heap, which the calling thread has, or in the bin's outlet. */
static inline bool ss_heap_holds(const ss_heap *heap, unsigned bin, const void *block) {
    const unsigned both[] = {bin, ss_bin_outlet(bin)};
    for (unsigned i = 0; i < 2; i++) {
        void **slots = ss_bin_slots(heap, both[i]);
        for (uint32_t at = ss_bin_blocks(heap, both[i]); at != 0; at--)
            if (slots[at] == block)
                return true;
    }
    return false;
}

static inline uint32_t ss_heap_number(const ss_heap *heap) {
    return heap->id;
}

/* Exchanges a bin and its outlet, which is empty, if the bin has enough blocks. False if nothing was done. */
static inline bool ss_outlet_turn(ss_heap *heap, unsigned bin) {
    const unsigned outlet = ss_bin_outlet(bin);
    const uint32_t blocks = ss_bin_blocks(heap, bin);
    if (blocks < SS_OUTLET_LEAST)
        return false;
    void **slots = ss_bin_slots(heap, bin), **others = ss_bin_slots(heap, outlet);
    const uint16_t capacity = ss_bin_capacity(heap, bin);
    ss_bin_set(heap, bin, others, ss_bin_capacity(heap, outlet), 0);
    ss_bin_set(heap, outlet, slots, capacity, blocks);
    heap->used[outlet / 64] |= UINT64_C(1) << outlet % 64;
    /* The block that was freed last is on top: it takes a random place. */
    ss_outlet_swap(heap, slots + 1, blocks);
    return true;
}

#endif
