/* Memory of new that free frees, and the other way round: a hardened library reports it, the default one does not. */
#define _GNU_SOURCE
#include "check.h"
#include "served.h"

#include <dlfcn.h>
#include <stdlib.h>

static volatile unsigned
    reports; /* the compiler takes realloc for a function that calls nothing here */

static void note(superslab_error error, const void *pointer, void *context) {
    (void)pointer;
    (void)context;
    CHECK_EQ(error, SUPERSLAB_ERROR_WRONG_FREE);
    reports++;
}

typedef void *allocating(size_t size);
typedef void freeing(void *block);

static void *symbol(const char *name) {
    void *found = dlsym(RTLD_DEFAULT, name);
    CHECK(found != NULL);
    return found;
}

/* Blocks in memory that the space got after the thread had last looked at its end: their first free takes a cold path. */
static void behind_the_bound(allocating *allocate, freeing *right, freeing *wrong) {
    enum { COUNT = 300, SIZE = 60000 };
    static void *blocks[COUNT];
    for (unsigned i = 0; i < COUNT; i++)
        CHECK((blocks[i] = allocate(SIZE)) != NULL);
    reports = 0;
    for (unsigned i = COUNT; i-- != 0;)
        wrong(blocks[i]);
    CHECK_EQ(reports, CHECK_HARDENED ? COUNT : 0);
    for (unsigned i = 0; i < COUNT && CHECK_HARDENED; i++)
        right(blocks[i]);
    CHECK_EQ(reports, CHECK_HARDENED ? COUNT : 0);
}

int main(void) {
    /* By name, because no C++ runtime is linked. */
    allocating *const allocate[] = {malloc, (allocating *)symbol("_Znwm"),
                                    (allocating *)symbol("_Znam")};
    freeing *const give[] = {free, (freeing *)symbol("_ZdlPv"), (freeing *)symbol("_ZdaPv")};
    const superslab_functions *heap = served_api()->functions;
    heap->set_error_handler(note, NULL);
    behind_the_bound(allocate[1], give[1], give[0]);
    behind_the_bound(allocate[0], give[0], give[2]);
    for (size_t size = 1; size < 60000; size += size / 2 + 1)
        for (unsigned i = 0; i < 9; i++) {
            void *block = allocate[i / 3](size);
            const bool right = i / 3 == i % 3;
            CHECK(block != NULL);
            reports = 0;
            give[i % 3](block);
            CHECK_EQ(reports, (unsigned)(CHECK_HARDENED != 0 && !right));
            if (reports != 0)
                give[i / 3](block); /* the block was left live */
            CHECK_EQ(reports, (unsigned)(CHECK_HARDENED != 0 && !right));
        }
    if (CHECK_HARDENED) {
        void *block = allocate[1](100);
        reports = 0;
        CHECK(realloc(block, 200) == NULL);
        CHECK_EQ(reports, 1);
        give[1](block);
    }
}
