/* Classes of which a process uses few blocks share the slabs of a wider class, and get slabs of their own when those no
 * longer suffice. */
#include "check.h"
#include "child.h"
#include "pattern.h"
#include "served.h"

#include <malloc.h>
#include <stdlib.h>

/* A doubling has eight classes. */
enum { SMALL = 1100, LARGE = 2000, MANY = 400 };

static char *blocks[MANY];

static void *volatile sink;

/* Code that ran before main may have taken blocks of these sizes: then the test's first block is not the first. */
static void few_share(const superslab_functions *heap) {
    char *small = malloc(SMALL), *large = malloc(LARGE);
    CHECK_EQ(malloc_usable_size(small), malloc_usable_size(large));
    CHECK_GE(malloc_usable_size(small), heap->good_size(SMALL));
    /* It behaves as a block of the requested size: a sized free and a realloc accept that size. */
    CHECK_EQ(heap->check_sized(small, SMALL), SUPERSLAB_OK);
    CHECK_EQ(heap->check_sized(small, 10), SUPERSLAB_ERROR_SIZE_MISMATCH);
    CHECK_EQ(realloc(small, LARGE), small);
    free(large);
    /* A block that one class has freed is the next one of another. */
    CHECK((sink = malloc(SMALL)) == large);
    free(sink);
    free(small);
}

static void many_do_not(const superslab_functions *heap) {
    for (unsigned i = 0; i < MANY; i++) {
        blocks[i] = malloc(SMALL);
        pattern_fill(blocks[i], SMALL, i);
    }
    CHECK_EQ(malloc_usable_size(blocks[MANY - 1]),
             (CHECK_HARDENED ? SMALL : heap->good_size(SMALL)));
    for (unsigned i = 0; i < MANY; i++) {
        CHECK(pattern_intact(blocks[i], SMALL, i));
        CHECK_EQ(heap->check_sized(blocks[i], SMALL), SUPERSLAB_OK);
        free(blocks[i]);
    }
}

/* Where there is no room for a slab of the wider class, a smaller slab of the exact class must do. */
static void the_own_one_fits(void) {
    enum { SIZE = 33000, FITS = 10 };
    for (unsigned i = 0; i < FITS; i++)
        CHECK((sink = malloc(SIZE)) != NULL);
}

int main(int argc, char **argv) {
    const superslab_functions *heap = served_api()->functions;
    if (argc > 1) {
        the_own_one_fits();
        return 0;
    }
    CHECK_EQ(setenv("SUPERSLAB_LIMIT", "1250K", 1), 0);
    child_result limited = child_execute((char *[]){argv[0], "limited", NULL});
    child_check_clean(&limited);
    if (!CHECK_HARDENED) /* no class shares another one's slabs */
        few_share(heap);
    many_do_not(heap);
}
