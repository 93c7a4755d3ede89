/* Contents survive every kind of move: within a class, class to class, to large, to huge, and back. */
#include "block.h"
#include "check.h"
#include "classes.h"
#include "pattern.h"
#include "stats.h"

enum { SIZES_MAX = 160, NEIGHBOURS = 2 };

static size_t sizes[SIZES_MAX];
static size_t count;

static void add(size_t size) {
    CHECK_LT(count, SIZES_MAX);
    sizes[count++] = size;
}

static void collect(void) {
    const classes all = classes_derive();
    for (size_t i = 0; i < all.count; i += all.count / 24 + 1) {
        add(all.usable[i]);
        add(all.usable[i] + 1);
    }
    for (size_t size = 64 << 10; size <= 1 << 20; size *= 2) {
        add(size - 1);
        add(size + 4097);
    }
    add(2 << 20);
    add((2 << 20) + 1);
    add(5 << 20);
    if (!CHECK_SANITIZED)
        add(33 << 20);
}

/* With live neighbours, so that growing in place meets one. */
static void move(size_t from, size_t to) {
    void *neighbours[NEIGHBOURS];
    neighbours[0] = block_new(from);
    unsigned char *block = block_new(from);
    neighbours[1] = block_new(from);
    for (size_t i = 0; i < NEIGHBOURS; i++)
        pattern_mark(neighbours[i], from, i);
    pattern_mark(block, from, from ^ to);
    block = block_resize(block, to);
    const size_t kept = from < to ? from : to;
    CHECK_THAT(pattern_marked_prefix(block, from, from ^ to, kept), "%zu to %zu", from, to);
    pattern_mark(block, to, to);
    for (size_t i = 0; i < NEIGHBOURS; i++) {
        CHECK_THAT(pattern_marked(neighbours[i], from, i), "%zu to %zu", from, to);
        superslab_free(neighbours[i]);
    }
    CHECK(pattern_marked(block, to, to));
    superslab_free(block);
}

int main(void) {
    const superslab_stats before = stats_start();
    collect();
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++)
            move(sizes[i], sizes[j]);
    }
    stats_check_returned(&before);

    /* Every byte, on a walk up and down by small steps. */
    size_t size = 1;
    unsigned char *block = block_new(size);
    pattern_fill(block, size, 7);
    while (size < 300000) {
        const size_t next = size + size / 9 + 1;
        block = block_resize(block, next);
        CHECK_THAT(pattern_intact(block, size, 7), "%zu to %zu", size, next);
        pattern_fill(block, size = next, 7);
    }
    while (size > 1) {
        size -= size / 9 + 1;
        block = block_resize(block, size);
        CHECK_THAT(pattern_intact(block, size, 7), "down to %zu", size);
    }
    superslab_free(block);
    stats_check_returned(&before);
}
