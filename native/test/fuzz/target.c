/* Compares the allocator with a shadow of it, for the sequence of calls that the input encodes. libFuzzer calls
 * LLVMFuzzerTestOneInput; replay.c does so with the files of corpus/.
 *
 * Under AddressSanitizer the contents of every block, live or freed, are poisoned except while this file or a call that
 * must touch them runs: the allocator itself may access only headers there. Not so in a hardened library, which reads and
 * writes contents: it clears them, and its canary may begin before the end of the request. */
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "stats.h"
#include "superslab.h"
#include "table.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#if CHECK_ASAN && !CHECK_HARDENED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, bytes) ((void)(start), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(start, bytes) ((void)(start), (void)(bytes))
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SLOTS = 64, FREED = 64, STEPS_MAX = 400, REGION_BYTES = 1 << 20, OFFSETS = 32 };

typedef struct slot {
    unsigned char *block; /* NULL: empty */
    size_t size, alignment, usable;
    uint64_t seed;
} slot;

/* The blocks that were freed last, poisoned. */
typedef struct freed {
    unsigned char *block;
    size_t usable;
} freed;

static slot slots[SLOTS];
static freed last_freed[FREED];
static size_t freed_next;
static superslab_region *region;
static unsigned char *region_memory;
static uint32_t offsets[OFFSETS];
static size_t offset_count;
static uint64_t seed_next;

/* ---- the input ---- */

typedef struct input {
    const uint8_t *at, *end;
} input;

static unsigned input_byte(input *in) {
    return in->at < in->end ? *in->at++ : 0;
}

/* Mostly small, up to 4 MiB, and now and then impossible: larger ones would spend the time on faulting pages in. */
static size_t input_size(input *in) {
    const unsigned shape = input_byte(in), low = input_byte(in);
    if (shape == 0xff)
        return SIZE_MAX - low * 4096;
    const unsigned scale = shape >> 3; /* to 31; the square makes large ones rare */
    return ((size_t)(shape & 7) << 8 | low) << scale * scale / 64 >> 4;
}

/* ---- poison ---- */

/* All but the second half of each 16 bytes, where the header of a block of another class may come to lie once
 * the slab has ended; and at most FREED_MOST bytes of a block, from the place of a link on. */
enum { FREED_UNIT = 16, FREED_FIRST = 8, FREED_MOST = 512 };

static size_t freed_bytes(const freed *one) {
    return one->usable < FREED_MOST ? one->usable : FREED_MOST;
}

static void freed_poison_one(const freed *one) {
    const size_t end = freed_bytes(one);
    for (size_t at = 0; at < end; at += FREED_UNIT)
        ASAN_POISON_MEMORY_REGION(one->block + at, FREED_FIRST);
}

static void freed_unpoison_one(const freed *one) {
    ASAN_UNPOISON_MEMORY_REGION(one->block, freed_bytes(one));
}

static void freed_poison(void) {
    for (size_t i = 0; i < FREED; i++)
        if (last_freed[i].block != NULL)
            freed_poison_one(&last_freed[i]);
}

static void freed_unpoison(void) {
    for (size_t i = 0; i < FREED; i++)
        if (last_freed[i].block != NULL)
            freed_unpoison_one(&last_freed[i]);
}

static void freed_forget(void) {
    freed_unpoison();
    memset(last_freed, 0, sizeof last_freed);
}

/* Its contents are not poisoned any more. */
static void freed_add(const slot *one) {
    freed *place = &last_freed[freed_next++ % FREED];
    if (place->block != NULL)
        freed_unpoison_one(place);
    *place = (freed){one->block, one->usable};
    freed_poison_one(place);
}

/* The contents of a live block, at both ends: a whole large one would take longer than all else. */
static size_t live_end(const slot *one) {
    enum { MOST = 32 << 10 };
    return one->usable < 2 * MOST ? one->usable / 2 : MOST;
}

static void live_poison(const slot *one) {
    const size_t end = live_end(one);
    ASAN_POISON_MEMORY_REGION(one->block, end);
    ASAN_POISON_MEMORY_REGION(one->block + one->usable - end, end);
}

static void live_unpoison(const slot *one) {
    const size_t end = live_end(one);
    ASAN_UNPOISON_MEMORY_REGION(one->block, end);
    ASAN_UNPOISON_MEMORY_REGION(one->block + one->usable - end, end);
}

/* The addresses are in use again, whole or in part: what was freed there is forgotten. */
static void freed_reuse(const unsigned char *block, size_t usable) {
    for (size_t i = 0; i < FREED; i++) {
        freed *one = &last_freed[i];
        if (one->block == NULL || one->block >= block + usable || block >= one->block + one->usable)
            continue;
        freed_unpoison_one(one);
        one->block = NULL;
    }
}

/* ---- blocks ---- */

static void slot_check(const slot *one, const unsigned char *block, size_t limit) {
    CHECK_THAT(pattern_marked_prefix(block, one->size, one->seed, limit), "size %zu, first %zu",
               one->size, limit);
}

/* The slot has a block of `size` now: writes it full and poisons it. */
static void slot_set(slot *one, unsigned char *block, size_t size, size_t alignment) {
    const size_t usable = superslab_usable_size(block);
    CHECK_GE(usable, size);
    CHECK_EQ(superslab_check(block), SUPERSLAB_OK);
    freed_reuse(block, usable);
    for (size_t i = 0; i < SLOTS; i++)
        CHECK(slots[i].block == NULL || &slots[i] == one || slots[i].block >= block + usable ||
              block >= slots[i].block + slots[i].usable);
    *one = (slot){block, size, alignment, usable, seed_next++};
    pattern_mark(block, size, one->seed);
    live_poison(one);
}

static void allocate(slot *one, unsigned kind, input *in) {
    const size_t size = input_size(in);
    size_t alignment = 0;
    unsigned char *block;
    if (kind == 1) {
        freed_unpoison(); /* it is zeroed before it is returned */
        block = block_try_zeroed(1, size);
        if (block != NULL) {
            CHECK_THAT(pattern_zero(block, size), "size %zu", size);
        }
    } else if (kind == 2) {
        alignment = (size_t)1 << input_byte(in) % 22;
        block = block_try_aligned(alignment, size, ENOMEM);
    } else {
        block = block_try(size);
    }
    if (block != NULL)
        slot_set(one, block, size, alignment);
    else
        CHECK_GT(size, (size_t)1 << 30);
    if (kind == 1)
        freed_poison();
}

static void resize(slot *one, input *in) {
    const size_t size = input_size(in);
    freed_unpoison();
    live_unpoison(one);
    slot_check(one, one->block, one->size);
    unsigned char *resized = block_try_resize(one->block, size);
    if (resized == NULL) {
        CHECK_GT(size, (size_t)1 << 30);
        slot_check(one, one->block, one->size);
        live_poison(one);
    } else {
        slot_check(one, resized, size < one->size ? size : one->size);
        one->block = NULL;
        slot_set(one, resized, size, 0);
    }
    freed_poison();
}

static void release(slot *one, unsigned kind) {
    live_unpoison(one);
    slot_check(one, one->block, one->size);
    live_poison(one);
    if (kind % 2 == 0)
        superslab_free(one->block);
    else if (one->alignment > 0)
        superslab_free_aligned_sized(one->block, one->alignment, one->size);
    else
        superslab_free_sized(one->block, one->size);
    CHECK_NE(superslab_check(one->block), SUPERSLAB_OK);
    live_unpoison(one);
    freed_add(one);
    one->block = NULL;
}

/* Checks inspect for addresses in and around a live block. */
static void ask(const slot *one, input *in) {
    superslab_inspection inspection;
    const size_t at = input_size(in) % (one->usable + 1);
    superslab_inspect((uintptr_t)one->block + at, &inspection);
    if (at < one->usable) {
        CHECK_EQ(inspection.block, (uintptr_t)one->block);
        CHECK_EQ(inspection.kind, at == 0 ? SUPERSLAB_ADDRESS_LIVE : SUPERSLAB_ADDRESS_INSIDE);
        CHECK_EQ(superslab_check(one->block + at),
                 at == 0 ? SUPERSLAB_OK : SUPERSLAB_ERROR_INSIDE_BLOCK);
    }
    CHECK_EQ(superslab_check_sized(one->block, one->usable + 1), SUPERSLAB_ERROR_SIZE_MISMATCH);
}

/* ---- regions ---- */

static void region_step(unsigned kind, input *in) {
    if (region == NULL) {
        region = superslab_region_adopt(region_memory, REGION_BYTES / 2, REGION_BYTES);
        CHECK(region != NULL);
        ASAN_POISON_MEMORY_REGION(region_memory, REGION_BYTES);
    } else if (kind == 0 && offset_count < OFFSETS) {
        const size_t most = 1 + input_byte(in) % (OFFSETS - offset_count), size = input_size(in);
        errno = 0;
        const size_t got = superslab_region_take(region, size, offsets + offset_count, most);
        CHECK(got > 0 || errno == EAGAIN || errno == ENOMEM);
        for (size_t i = 0; i < got; i++)
            CHECK_GE(superslab_region_usable_size(region, offsets[offset_count + i]), size);
        offset_count += got;
    } else if (kind == 1 && offset_count > 0) {
        const size_t count = 1 + input_byte(in) % offset_count;
        offset_count -= count;
        CHECK_EQ(superslab_region_give(region, offsets + offset_count, count), count);
        CHECK_EQ(superslab_region_give(region, offsets + offset_count, count), 0);
    } else if (kind == 2) {
        superslab_region_grow(region, input_size(in) % (REGION_BYTES + 1));
    } else if (kind == 3) {
        superslab_region_retire(region);
        region = NULL;
        offset_count = 0;
        ASAN_UNPOISON_MEMORY_REGION(region_memory, REGION_BYTES);
    }
}

/* ---- an input ---- */

static void step(input *in) {
    const unsigned what = input_byte(in), kind = what >> 4;
    slot *one = &slots[input_byte(in) % SLOTS];
    if (what % 16 == 15) {
        region_step(kind % 4, in);
    } else if (what % 16 == 14) {
        if (kind == 0)
            superslab_trim();
        if (kind == 1) {
            freed_forget(); /* it faults pages in */
            superslab_prewarm(input_size(in) % (1 << 20), input_byte(in) % 8);
        }
    } else if (one->block == NULL) {
        allocate(one, what % 4, in);
    } else if (what % 4 == 0) {
        resize(one, in);
    } else if (what % 4 == 1) {
        ask(one, in);
    } else {
        release(one, kind);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (region_memory == NULL)
        region_memory = table_new(1, REGION_BYTES);
    const superslab_stats before = stats_start();
    input in = {data, data + size};
    for (unsigned steps = 0; in.at < in.end && steps < STEPS_MAX; steps++)
        step(&in);
    uint64_t live = offset_count;
    for (size_t i = 0; i < SLOTS; i++)
        live += slots[i].block != NULL;
    CHECK_EQ(stats_now().live_blocks, before.live_blocks + live);
    if (region != NULL)
        region_step(3, &in);
    for (size_t i = 0; i < SLOTS; i++)
        if (slots[i].block != NULL)
            release(&slots[i], (unsigned)i);
    freed_forget();
    stats_check_returned(&before);
    return 0;
}
