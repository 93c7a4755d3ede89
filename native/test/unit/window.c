/* A window with one or two isolates: blocks, misuse, pins, statistics, and when it ends. */
#include "window/window.h"
#include "check.h"
#include "isolate.h"
#include "stats.h"

#include <errno.h>
#include <string.h>

enum { LIMIT = 16 << 20 };

static window_memory memory;
static isolate one, two;

static ss_api_window_stats now(void) {
    ss_api_window_stats stats;
    ss_api_own()->window_stats(NULL, &stats);
    return stats;
}

static void blocks(void) {
    static const size_t sizes[] = {1, 16, 17, 1000, 65536, 65537, 1 << 20};
    uint32_t block[7];
    for (unsigned i = 0; i < 7; i++) {
        block[i] = isolate_malloc(&one, sizes[i]);
        CHECK_NE(block[i], ISOLATE_NONE);
        CHECK_GE(superslab_window_usable_size(memory.base + block[i]), sizes[i]);
        memset(memory.base + block[i], 0xff, sizes[i]);
    }
    CHECK_EQ(now().live_blocks, 7);
    for (unsigned i = 0; i < 7; i++) {
        CHECK_EQ(isolate_free(i % 2 == 0 ? &one : &two, block[i]), SUPERSLAB_OK);
        CHECK_EQ(isolate_free(&one, block[i]), SUPERSLAB_ERROR_DOUBLE_FREE);
        CHECK_EQ(superslab_window_free(memory.base + block[i]), SUPERSLAB_ERROR_DOUBLE_FREE);
        CHECK_EQ(superslab_window_usable_size(memory.base + block[i]), 0);
    }
    CHECK_EQ(now().live_blocks, 0);
    CHECK_EQ(now().live_bytes, 0);
}

static void misuse(void) {
    const uint32_t small = isolate_malloc(&one, 1000), large = isolate_malloc(&one, 200000);
    for (uint32_t inside = 1; inside < 1000; inside++)
        CHECK_EQ(isolate_free(&one, small + inside), SUPERSLAB_ERROR_INSIDE_BLOCK);
    CHECK_EQ(isolate_free(&one, large + 65536), SUPERSLAB_ERROR_INSIDE_BLOCK);
    CHECK_EQ(isolate_free(&one, large + 16), SUPERSLAB_ERROR_INSIDE_BLOCK);
    CHECK_EQ(isolate_free(&one, LIMIT - 16), SUPERSLAB_ERROR_UNKNOWN_POINTER);
    CHECK_EQ(isolate_free(&one, UINT32_MAX), SUPERSLAB_ERROR_UNKNOWN_POINTER);
    CHECK_EQ(superslab_window_free(&memory), SUPERSLAB_ERROR_UNKNOWN_POINTER);
    CHECK_EQ(superslab_window_free(NULL), SUPERSLAB_ERROR_UNKNOWN_POINTER);
    CHECK_EQ(superslab_check(memory.base + small),
             SUPERSLAB_ERROR_UNKNOWN_POINTER); /* not malloc's */
    CHECK_EQ(superslab_window_free(memory.base + small), SUPERSLAB_OK);
    CHECK_EQ(superslab_window_free(memory.base + large), SUPERSLAB_OK);
    CHECK_EQ(now().live_blocks, 0);
}

/* Both find a block live and push it, as JavaScript may without atomics. */
static void contained(void) {
    const uint64_t before = now().contained;
    const uint32_t block = isolate_malloc(&one, 500);
    const uint8_t byte = memory.live[block / 16];
    CHECK_EQ(isolate_free(&one, block), SUPERSLAB_OK);
    memory.live[block / 16] = byte;
    CHECK_EQ(isolate_free(&two, block), SUPERSLAB_OK);
    CHECK_EQ(isolate_malloc(&two, 500), block);
    CHECK_NE(isolate_malloc(&one, 500), block); /* it is two's: dropped */
    ss_api_own()->window_drain(one.holder);
    CHECK_EQ(isolate_free(&two, block), SUPERSLAB_OK);
    ss_api_own()->window_drain(two.holder);
    CHECK_EQ(now().live_blocks, 1);
    CHECK_EQ(now().contained, before); /* one dropped it before it came to a flush */
    /* Both flush it: the second is not counted. */
    const uint32_t again = isolate_malloc(&one, 500);
    const uint8_t kind = memory.live[again / 16];
    CHECK_EQ(isolate_free(&one, again), SUPERSLAB_OK);
    memory.live[again / 16] = kind;
    CHECK_EQ(isolate_free(&two, again), SUPERSLAB_OK);
    ss_api_own()->window_drain(one.holder);
    ss_api_own()->window_drain(two.holder);
    CHECK_EQ(now().contained, before + 1);
    CHECK_EQ(now().live_blocks, 1);
}

/* A block that the core has, because a second isolate freed it too, while another isolate owns it by the table. */
static void owned_though_free(void) {
    for (unsigned pinned = 0; pinned < 2; pinned++) {
        const uint64_t before = now().live_blocks;
        const uint32_t block = isolate_malloc(&one, 500);
        const uint8_t kind = memory.live[block / 16];
        CHECK_EQ(isolate_free(&one, block), SUPERSLAB_OK);
        memory.live[block / 16] = kind;
        CHECK_EQ(isolate_free(&two, block), SUPERSLAB_OK);
        ss_api_own()->window_drain(one.holder);
        CHECK_EQ(isolate_malloc(&two, 500), block);
        if (pinned)
            CHECK_EQ(ss_api_own()->window_pin(two.holder, block), 0);
        CHECK_EQ(superslab_window_usable_size(memory.base + block),
                 ss_api_own()->window_stride(kind - 1u));
        CHECK_EQ(superslab_window_free(memory.base + block), SUPERSLAB_OK);
        if (pinned)
            CHECK_EQ(ss_api_own()->window_unpin(two.holder, block), SUPERSLAB_OK);
        CHECK_EQ(superslab_window_usable_size(memory.base + block), 0);
        CHECK_EQ(now().live_blocks, before);
    }
}

/* The same for a block that its isolate watches, when the core hands it out again: its mark still names the isolate,
 * which frees it when its Buffer is collected. */
static void watched_though_free(void) {
    const superslab_api *api = ss_api_own();
    const uint8_t tag = (uint8_t)api->window_tag(two.holder);
    for (unsigned pinned = 0; pinned < 2; pinned++) {
        const uint64_t before = now().live_blocks;
        const uint32_t block = isolate_malloc(&two, 300000);
        CHECK_EQ(isolate_free(&two, block), SUPERSLAB_OK);
        memory.live[block / 16] = tag;
        if (pinned)
            CHECK_EQ(api->window_pin(two.holder, block), 0);
        const uint32_t other = isolate_malloc(&one, 300000);
        CHECK_NE(other, block);
        if (pinned)
            CHECK_EQ(api->window_unpin(two.holder, block), SUPERSLAB_OK);
        CHECK_EQ(memory.live[block / 16], SS_LIVE_CEDED + (tag - SS_LIVE_TAGGED));
        CHECK_EQ(superslab_window_usable_size(memory.base + block), 0);
        CHECK_EQ(superslab_window_free(memory.base + block), SUPERSLAB_OK);
        CHECK_EQ(isolate_free(&one, other), SUPERSLAB_OK);
        CHECK_EQ(now().live_blocks, before);
    }
}

static void pins(void) {
    const superslab_api *api = ss_api_own();
    static const size_t sizes[] = {100, 300000};
    for (unsigned i = 0; i < 2; i++) {
        const uint64_t before = now().live_blocks;
        const uint32_t block = isolate_malloc(&one, sizes[i]);
        CHECK_EQ(api->window_pin(one.holder, block), 0);
        CHECK_EQ(api->window_pin(one.holder, block), 0);
        CHECK_EQ(api->window_pin(two.holder, block), 0);
        CHECK_GE(superslab_window_usable_size(memory.base + block), sizes[i]);
        CHECK_EQ(isolate_free(&two, block), SUPERSLAB_OK);
        CHECK_EQ(isolate_free(&one, block), SUPERSLAB_ERROR_DOUBLE_FREE);
        CHECK_EQ(api->window_pin(two.holder, block), (int)SUPERSLAB_ERROR_DOUBLE_FREE);
        CHECK_EQ(api->window_unpin(one.holder, block), SUPERSLAB_OK);
        CHECK_EQ(api->window_unpin(two.holder, block), SUPERSLAB_OK);
        CHECK_EQ(api->window_unpin(two.holder, block), SUPERSLAB_ERROR_UNKNOWN_POINTER);
        CHECK_EQ(now().live_blocks, before + 1);
        CHECK_EQ(api->window_unpin(one.holder, block), SUPERSLAB_OK);
        CHECK_EQ(now().live_blocks, before);
    }
    /* Freed in JavaScript by an isolate that read the table before it was pinned. */
    const uint64_t before = now().live_blocks;
    const uint32_t twice = isolate_malloc(&one, 100);
    const uint8_t kind = memory.live[twice / 16];
    CHECK_EQ(api->window_pin(one.holder, twice), 0);
    memory.live[twice / 16] = kind;
    CHECK_EQ(isolate_free(&two, twice), SUPERSLAB_OK);
    CHECK_EQ(api->window_unpin(one.holder, twice), SUPERSLAB_OK);
    CHECK_EQ(memory.live[twice / 16], 0);
    CHECK_EQ(isolate_malloc(&two, 100), twice);
    CHECK_EQ(isolate_free(&two, twice), SUPERSLAB_OK);
    CHECK_EQ(now().live_blocks, before);
    const uint32_t block = isolate_malloc(&one, 70000);
    CHECK_EQ(api->window_pin(one.holder, block + 16), (int)SUPERSLAB_ERROR_INSIDE_BLOCK);
    CHECK_EQ(isolate_free(&one, block), SUPERSLAB_OK);
}

/* A block's pins are found in a few steps among any number of pins. */
static void pins_are_spread(void) {
    enum { COUNT = 20000 };
    static uint32_t block[COUNT];
    const superslab_api *api = ss_api_own();
    const uint64_t before = now().live_blocks;
    for (uint32_t i = 0; i < COUNT; i++) {
        block[i] = isolate_malloc(&one, 16);
        CHECK_NE(block[i], ISOLATE_NONE);
        CHECK_EQ(api->window_pin(one.holder, block[i]), 0);
    }
    ss_window *window = ss_window_hold((uintptr_t)memory.base);
    uint32_t longest = 0, pins = 0;
    for (uint32_t i = 0; i < SS_PIN_LISTS + window->pins.split; i++) {
        /* A pin begins with the next one of its list. */
        void **at =
            (void **)(void *)(i < SS_PIN_LISTS ? window->pins.first[i]
                                               : window->pins.segments[i / SS_PIN_SEGMENT_LISTS]
                                                                      [i % SS_PIN_SEGMENT_LISTS]);
        uint32_t length = 0;
        for (; at != NULL; at = *at)
            length++;
        pins += length;
        longest = length > longest ? length : longest;
    }
    ss_window_release(window);
    CHECK_EQ(pins, COUNT);
    CHECK_GE(16, longest);
    for (uint32_t i = 0; i < COUNT; i++) {
        CHECK_EQ(isolate_free(&two, block[i]), SUPERSLAB_OK);
        if (i % 2 == 0)
            CHECK_EQ(api->window_unpin(one.holder, block[i]), SUPERSLAB_OK);
    }
    CHECK_EQ(now().live_blocks, before + COUNT / 2);
    for (uint32_t i = 1; i < COUNT; i += 2)
        CHECK_EQ(api->window_unpin(one.holder, block[i]), SUPERSLAB_OK);
    CHECK_EQ(now().live_blocks, before);
}

/* A pinned block is freed nevertheless. Its pin still exists when another block, which is pinned too, is in its place:
 * the final entry of the table is that of the new block. */
static void pins_of_two_blocks(void) {
    const superslab_api *api = ss_api_own();
    const uint64_t before = now().live_blocks;
    uint32_t large[LIMIT >> 16];
    unsigned count = 0;
    superslab_trim(); /* no slab is kept */
    const uint32_t block = isolate_malloc(&one, 30000);
    const uint8_t kind = memory.live[block / 16];
    CHECK_EQ(block % 65536, 0);
    CHECK_EQ(api->window_pin(two.holder, block), 0);
    CHECK_EQ(isolate_free_as(&one, block, kind), SUPERSLAB_OK);
    api->window_drain(one.holder);
    superslab_trim(); /* the slab is gone */
    do
        large[count] = isolate_malloc(&one, 65537);
    while (large[count++] != block);
    CHECK_EQ(memory.live[block / 16], SS_LIVE_LARGE);
    CHECK_EQ(api->window_pin(one.holder, block), 0);
    CHECK_EQ(api->window_unpin(one.holder, block), SUPERSLAB_OK);
    CHECK_EQ(api->window_unpin(two.holder, block), SUPERSLAB_OK);
    CHECK_EQ(memory.live[block / 16], SS_LIVE_LARGE);
    while (count != 0)
        CHECK_EQ(isolate_free(&one, large[--count]), SUPERSLAB_OK);
    CHECK_EQ(now().live_blocks, before);
}

static void full(void) {
    uint32_t block[LIMIT >> 16];
    unsigned count = 0;
    while ((block[count] = isolate_malloc(&one, 65537)) != ISOLATE_NONE)
        count++;
    CHECK_GT(count, (LIMIT >> 17) - 8);
    CHECK_EQ(ss_api_own()->window_take(one.holder, 65537), SS_API_FULL);
    while (count != 0)
        CHECK_EQ(isolate_free(&one, block[--count]), SUPERSLAB_OK);
}

/* Spare slabs, whose blocks are all free, are released when another request needs the room. */
static void full_of_spares(void) {
    superslab_stats before, stats;
    superslab_get_stats(&before);
    for (size_t size = 16; size <= 65536; size *= 2) {
        CHECK_EQ(isolate_free(&one, isolate_malloc(&one, size)), SUPERSLAB_OK);
        ss_api_own()->window_drain(one.holder);
    }
    superslab_get_stats(&stats);
    CHECK_GT(stats.slab_count, before.slab_count);
    /* All of it but the granule at offset 0, which is never handed out. */
    CHECK_EQ(isolate_malloc(&one, LIMIT - SS_GRANULE_BYTES), SS_GRANULE_BYTES);
    superslab_get_stats(&stats);
    CHECK_EQ(stats.slab_count, before.slab_count);
    CHECK_EQ(isolate_free(&one, SS_GRANULE_BYTES), SUPERSLAB_OK);
}

int main(void) {
    const superslab_stats before = stats_start();
    memory = window_map(LIMIT);
    const ss_api_window odd = {memory.base + 16, LIMIT / 2, LIMIT / 2, memory.live};
    CHECK(ss_api_own()->window_join(&odd, one.magazines) == NULL);
    CHECK_EQ(errno, EINVAL);

    CHECK(isolate_join(&one, &memory));
    CHECK(isolate_join(&two, &memory));
    CHECK_EQ(now().windows, 1);
    CHECK_EQ(now().holders, 2);
    CHECK_NE(ss_api_own()->window_tag(one.holder), ss_api_own()->window_tag(two.holder));
    blocks();
    misuse();
    contained();
    owned_though_free();
    watched_though_free();
    pins();
    pins_of_two_blocks();
    pins_are_spread();
    full();

    /* The cached blocks of `one` go back to the window, and those it had pinned and freed too. */
    const uint32_t pinned = isolate_malloc(&one, 2000);
    CHECK_EQ(ss_api_own()->window_pin(one.holder, pinned), 0);
    CHECK_EQ(isolate_free(&two, pinned), SUPERSLAB_OK);
    CHECK_EQ(now().live_blocks, 2);
    isolate_leave(&one);
    CHECK_EQ(now().live_blocks, 1);
    CHECK_EQ(now().holders, 1);

    /* The last isolate leaves with a block out: the window ends, and an isolate that joins again finds it empty. */
    isolate_leave(&two);
    CHECK_EQ(now().windows, 0);
    CHECK_EQ(superslab_window_free(memory.base), SUPERSLAB_ERROR_UNKNOWN_POINTER);
    stats_check_returned(&before);
    CHECK(isolate_join(&one, &memory));
    for (size_t i = 0; i < LIMIT / 16; i++)
        CHECK_EQ(memory.live[i], 0);
    full_of_spares();
    const uint32_t kept = isolate_malloc(&one, 100);
    ss_api_own()->window_make_permanent(one.holder);
    isolate_leave(&one);
    CHECK_EQ(now().windows, 1);
    CHECK_EQ(superslab_window_free(memory.base + kept), SUPERSLAB_OK);
    CHECK_EQ(now().live_blocks, 0);
}
