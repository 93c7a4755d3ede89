/* Any function may be the first one a process calls. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "stats.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

static void with_malloc(void *unused) {
    (void)unused;
    superslab_free(block_new(10));
}

static void with_calloc(void *unused) {
    (void)unused;
    CHECK_EQ(*(char *)block_new_zeroed(1, 1), 0);
}

static void with_realloc(void *unused) {
    (void)unused;
    superslab_free(block_resize(NULL, 10));
}

static void with_aligned(void *unused) {
    (void)unused;
    superslab_free(block_new_aligned(4096, 1 << 20));
}

static void with_large(void *unused) {
    (void)unused;
    superslab_free(block_new(100 << 20));
}

static void with_too_large(void *unused) {
    (void)unused;
    CHECK(block_try(SIZE_MAX / 2 + 1) == NULL);
}

static void with_free_null(void *unused) {
    (void)unused;
    superslab_free(NULL);
    superslab_free_sized(NULL, 1);
    CHECK_EQ(superslab_usable_size(NULL), 0);
}

static void with_good_size(void *unused) {
    (void)unused;
    CHECK_GE(superslab_good_size(100), 100);
    CHECK_GE(superslab_good_size(100000), 100000);
}

static void with_inspect(void *unused) {
    (void)unused;
    superslab_inspection found;
    superslab_inspect((uintptr_t)&found, &found);
    CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_FOREIGN);
    superslab_inspect(0, &found);
    CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_NO_ACCESS);
}

static void with_stats(void *unused) {
    (void)unused;
    const superslab_stats now = stats_now();
    stats_check_consistent(&now);
    CHECK_EQ(now.live_blocks, 0);
}

static void with_trim(void *unused) {
    (void)unused;
    superslab_trim();
}

static void with_prewarm(void *unused) {
    (void)unused;
    CHECK_EQ(superslab_prewarm(100, 10), 10);
}

static void with_error_name(void *unused) {
    (void)unused;
    CHECK(superslab_error_name(SUPERSLAB_ERROR_DOUBLE_FREE) != NULL);
}

static superslab_error reported;

static void note(superslab_error error, const void *pointer, void *context) {
    CHECK_EQ(context, pointer);
    reported = error;
}

static void with_wrong_free(void *unused) {
    (void)unused;
    static _Alignas(64) char memory[64];
    superslab_set_error_handler(note, memory + 16);
    superslab_free(memory + 16);
    CHECK_EQ(reported, SUPERSLAB_ERROR_UNKNOWN_POINTER);
}

static void with_region(void *unused) {
    (void)unused;
    void *memory = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    superslab_region *region = superslab_region_adopt(memory, 1 << 20, 1 << 20);
    uint32_t offset;
    CHECK(region != NULL);
    CHECK_EQ(superslab_region_take(region, 100, &offset, 1), 1);
    superslab_region_retire(region);
}

int main(void) {
    static void (*const firsts[])(void *) = {
        with_malloc,    with_calloc,    with_realloc,    with_aligned,    with_large,
        with_too_large, with_free_null, with_good_size,  with_inspect,    with_stats,
        with_trim,      with_prewarm,   with_error_name, with_wrong_free, with_region};
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        const child_result result = child_run(firsts[i], NULL);
        child_check_clean(&result);
    }
}
