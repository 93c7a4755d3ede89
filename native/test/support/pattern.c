#include "pattern.h"

#include <string.h>

enum { RUN_BYTES = 64, STEP_BYTES = 4096, STEP_RUN_BYTES = 16 };

static uint64_t word_at(uint64_t seed, size_t offset) {
    const uint64_t mixed = (seed + offset) * 0x9E3779B97F4A7C15u;
    return mixed ^ (mixed >> 29);
}

/* [from, to) with `from` a multiple of 8. */
static void run_write(unsigned char *block, size_t from, size_t to, uint64_t seed) {
    for (size_t at = from; at < to; at += 8) {
        const uint64_t word = word_at(seed, at);
        memcpy(block + at, &word, to - at < 8 ? to - at : 8);
    }
}

static bool run_intact(const unsigned char *block, size_t from, size_t to, uint64_t seed) {
    for (size_t at = from; at < to; at += 8) {
        const uint64_t word = word_at(seed, at);
        if (memcmp(block + at, &word, to - at < 8 ? to - at : 8) != 0)
            return false;
    }
    return true;
}

void pattern_fill(void *block, size_t bytes, uint64_t seed) {
    run_write(block, 0, bytes, seed);
}

bool pattern_intact(const void *block, size_t bytes, uint64_t seed) {
    return run_intact(block, 0, bytes, seed);
}

/* The runs that are marked, one after the other: `index` 0, 1, 2 ... until it returns false. */
static bool run_of(size_t bytes, size_t index, size_t *from, size_t *to) {
    if (bytes <= 3 * RUN_BYTES) {
        *from = 0;
        *to = bytes;
        return index == 0;
    }
    switch (index) {
    case 0:
        *from = 0, *to = RUN_BYTES;
        return true;
    case 1:
        *from = bytes / 2 & ~(size_t)7, *to = *from + RUN_BYTES;
        return true;
    case 2:
        *from = (bytes - RUN_BYTES) & ~(size_t)7, *to = bytes;
        return true;
    default:
        *from = (index - 2) * STEP_BYTES;
        *to = *from + STEP_RUN_BYTES;
        return *to <= bytes;
    }
}

void pattern_mark(void *block, size_t bytes, uint64_t seed) {
    size_t from, to;
    for (size_t index = 0; run_of(bytes, index, &from, &to); index++)
        run_write(block, from, to, seed);
}

bool pattern_marked_prefix(const void *block, size_t bytes, uint64_t seed, size_t limit) {
    size_t from, to;
    for (size_t index = 0; run_of(bytes, index, &from, &to); index++) {
        if (!run_intact(block, from, to < limit ? to : limit, seed))
            return false;
    }
    return true;
}

bool pattern_marked(const void *block, size_t bytes, uint64_t seed) {
    return pattern_marked_prefix(block, bytes, seed, bytes);
}

bool pattern_zero(const void *block, size_t bytes) {
    const unsigned char *byte = block;
    if (bytes == 0)
        return true;
    return byte[0] == 0 && memcmp(byte, byte + 1, bytes - 1) == 0;
}
