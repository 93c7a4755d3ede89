#include "window/magazine.h"

#include "window/blocks.h"

#include <errno.h>
#include <string.h>

static superslab_region *region_of(const ss_holder *holder) {
    return (superslab_region *)(void *)holder->window->space;
}

static uint32_t *magazine_of(const ss_holder *holder, unsigned bin) {
    return holder->magazines + (size_t)bin * SS_MAGAZINE_WORDS;
}

/* Statistics of other threads read the count. */
static void count_set(uint32_t *magazine, uint32_t count) {
    atomic_store_explicit((_Atomic uint32_t *)magazine, count, memory_order_relaxed);
}

void ss_magazine_init(uint32_t *magazines) {
    for (unsigned bin = 0; bin < SS_LIVE_CLASSES; bin++) {
        uint32_t most = SS_MAGAZINE_WORDS - SS_MAGAZINE_HEAD;
        uint32_t room = (uint32_t)(SS_MAGAZINE_MAX_BYTES / ss_bin_stride(bin));
        room = room < SS_MAGAZINE_MIN_BLOCKS ? SS_MAGAZINE_MIN_BLOCKS : room;
        count_set(magazines + (size_t)bin * SS_MAGAZINE_WORDS, 0);
        magazines[bin * SS_MAGAZINE_WORDS + 1] = room < most ? room : most;
    }
}

/* Removes the offsets of blocks that an isolate owns by the table. Returns the number of offsets left. `fresh`: the
 * core has just handed the blocks out. The caller has passed ss_window_fence. */
static uint32_t drop_live(ss_window *window, uint32_t *offsets, uint32_t count, bool fresh) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t offset = offsets[i];
        if (fresh ? !ss_window_cede(window, offset)
                  : atomic_load_explicit(ss_window_byte(window, offset), memory_order_relaxed) == 0)
            offsets[kept++] = offset;
    }
    ss_window_contain(window, count - kept);
    return kept;
}

int64_t ss_magazine_refill(ss_holder *holder, unsigned bin) {
    uint32_t *magazine = magazine_of(holder, bin), count = magazine[0];
    uint32_t want = (magazine[1] - count + 1) / 2;
    while (want != 0) {
        uint32_t *to = magazine + SS_MAGAZINE_HEAD + count;
        size_t taken = superslab_region_take(region_of(holder), ss_bin_stride(bin), to, want);
        if (taken == 0)
            return errno == EAGAIN ? SS_API_GROW : SS_API_FULL;
        ss_window_fence();
        uint32_t kept = drop_live(holder->window, to, (uint32_t)taken, true);
        count_set(magazine, count + kept);
        if (kept != 0)
            break;
    }
    return magazine[0];
}

/* Gives the oldest `count` back and moves the others down. */
static void give_oldest(ss_holder *holder, unsigned bin, uint32_t count) {
    uint32_t *magazine = magazine_of(holder, bin), *offsets = magazine + SS_MAGAZINE_HEAD;
    uint32_t rest = magazine[0] - count;
    ss_window_fence();
    uint32_t kept = drop_live(holder->window, offsets, count, false);
    size_t given = superslab_region_give(region_of(holder), offsets, kept);
    ss_window_contain(holder->window, kept - given);
    memmove(offsets, offsets + count, rest * sizeof *offsets);
    count_set(magazine, rest);
}

void ss_magazine_flush(ss_holder *holder, unsigned bin) {
    give_oldest(holder, bin, (magazine_of(holder, bin)[0] + 1) / 2);
}

void ss_magazine_drain(ss_holder *holder) {
    for (unsigned bin = 0; bin < SS_LIVE_CLASSES; bin++)
        give_oldest(holder, bin, magazine_of(holder, bin)[0]);
}
