/* The whole family of malloc and the program's frees where blocks are guarded: none is taken for another allocator's, all
 * are aligned as others are, and contents stay. */
#include "check.h"
#include "child.h"
#include "served.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const superslab_api *api;

static bool is_guarded(const void *block) {
    superslab_inspection found;
    api->functions->inspect((uintptr_t)block, &found);
    return found.kind == SUPERSLAB_ADDRESS_LIVE && found.slab == 0;
}

static uint64_t samples(void) {
    superslab_stats stats;
    api->functions->get_stats(&stats);
    return stats.guard_samples;
}

static void *by_malloc(void) {
    return malloc(200);
}

static void *by_calloc(void) {
    return calloc(20, 10);
}

static void *by_realloc(void) {
    return realloc(malloc(20), 200);
}

static void *by_reallocarray(void) {
    return reallocarray(NULL, 20, 10);
}

static void *by_aligned_alloc(void) {
    return aligned_alloc(64, 200);
}

static void *by_memalign(void) {
    return memalign(48, 200);
}

static void *by_posix_memalign(void) {
    void *block;
    CHECK_EQ(posix_memalign(&block, 128, 200), 0);
    return block;
}

static void *by_valloc(void) {
    return valloc(200);
}

static void *(*const makers[])(void) = {by_malloc,         by_calloc,        by_realloc,
                                        by_reallocarray,   by_aligned_alloc, by_memalign,
                                        by_posix_memalign, by_valloc};

/* Until the function has returned a guarded block. */
static void check_maker(void *(*make)(void)) {
    for (bool found = false; !found;) {
        char *block = make();
        CHECK(block != NULL);
        found = is_guarded(block);
        if (found)
            CHECK_EQ(malloc_usable_size(block), 200);
        memset(block, 5, 200);
        char *moved = realloc(block, 300);
        for (unsigned i = 0; i < 200; i++)
            CHECK_EQ(moved[i], 5);
        free(moved);
    }
}

static void run(void *context) {
    (void)context;
    api = served_api();
    for (unsigned i = 0; i < sizeof makers / sizeof *makers; i++)
        check_maker(makers[i]);
    served_churn(1, 20000, 5000);
    superslab_stats stats;
    api->functions->get_stats(&stats);
    CHECK_GE(stats.guard_samples, sizeof makers / sizeof *makers);
    CHECK_EQ(stats.foreign_frees, 0);
}

static void free_twice(void *context) {
    (void)context;
    api = served_api();
    for (;;) {
        char *block = malloc(40);
        const bool guarded = is_guarded(block);
        free(block);
        if (guarded)
            free(block);
    }
}

static void execute(const char *what, child_result *result) {
    setenv("SUPERSLAB_GUARD", "100", 1);
    *result = child_execute((char *[]){"/proc/self/exe", (char *)(uintptr_t)what, NULL});
}

int main(int argc, char **argv) {
    child_result result;
    if (argc > 1) {
        (strcmp(argv[1], "run") == 0 ? run : free_twice)(NULL);
        return 0;
    }
    CHECK_EQ((api = served_api(), samples()), 0);
    execute("run", &result);
    child_check_clean(&result);
    execute("twice", &result);
    CHECK_THAT(result.signal == SIGABRT, "%s", result.text);
    CHECK_THAT(strstr(result.text, ", the start of a freed block of 40 bytes\n"
                                   "  passed to the allocator by thread ") != NULL,
               "%s", result.text);
    /* Frames of the library itself are left out. */
    CHECK_THAT(strstr(result.text, "    #0 free_twice+0x") != NULL &&
                   strstr(result.text, "libsuperslab") == NULL,
               "%s", result.text);
}
