/* The places of blocks, the allocator's own state and the C library: no distance between two of them is the same in
 * another process. With a constant layout all processes have the same distances. */
#include "check.h"
#include "superslab.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = CHECK_SCALED(1000), PLACES_MAX = 16, PAIRS_MAX = PLACES_MAX * PLACES_MAX };
extern char **environ;

typedef struct places {
    uint64_t count, at[PLACES_MAX];
} places;

#ifdef __linux__

/* Mappings in a row count as one place. */
static places mappings(void) {
    places found = {0, {0}};
    char line[1024];
    uintptr_t last = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        char *rest;
        const uintptr_t start = strtoull(line, &rest, 16), end = strtoull(rest + 1, &rest, 16);
        /* Anonymous ones without a name; those of the loader are side by side with its files. */
        const bool anonymous = strstr(line, " 00:00 0 ") != NULL && strchr(line, '[') == NULL;
        if (anonymous && start != last && found.count < PLACES_MAX)
            found.at[found.count++] = start;
        last = end;
    }
    fclose(maps);
    return found;
}

static bool has(const places *all, uint64_t place) {
    for (uint64_t i = 0; i < all->count; i++)
        if (all->at[i] == place)
            return true;
    return false;
}

/* A headed block, a headless one and one of no bytes, a function of the C library, and the mappings of superslab.
 * scripts/places.mjs reads the first four. */
static int child(void) {
    const places before = mappings();
    void *small = superslab_malloc(100), *large = superslab_malloc(1 << 20);
    void *empty = superslab_malloc(0);
    places told = {4, {(uintptr_t)small, (uintptr_t)large, (uintptr_t)empty, (uintptr_t)&getpid}};
    const places now = mappings();
    for (uint64_t i = 0; i < now.count && told.count < PLACES_MAX; i++)
        if (!has(&before, now.at[i]))
            told.at[told.count++] = now.at[i];
    return write(STDOUT_FILENO, &told, sizeof told) == sizeof told ? 0 : 1;
}

/* Blocks lie near the start of their own mapping, at one distance. */
static bool is_own(uint64_t block, uint64_t mapping) {
    return block - mapping < 8 << 20;
}

static places run(const char *program) {
    places told = {0, {0}};
    int ends[2], status = 1;
    pid_t process;
    char *arguments[] = {(char *)(uintptr_t)program, (char *)(uintptr_t) "child", NULL};
    posix_spawn_file_actions_t actions;
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(posix_spawn_file_actions_init(&actions), 0);
    CHECK_EQ(posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO), 0);
    CHECK_EQ(posix_spawn(&process, program, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    CHECK_EQ(read(ends[0], &told, sizeof told), (ssize_t)sizeof told);
    close(ends[0]);
    CHECK_EQ(waitpid(process, &status, 0), process);
    CHECK_EQ(status, 0);
    return told;
}

static int compare(const void *a, const void *b) {
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static bool is_random(void) {
    char mode = '0';
    FILE *file = fopen("/proc/sys/kernel/randomize_va_space", "r");
    if (file != NULL && fread(&mode, 1, 1, file) != 1)
        mode = '0';
    if (file != NULL)
        fclose(file);
    return mode != '0';
}

int main(int argc, char **argv) {
    static uint64_t distances[PAIRS_MAX][PROCESSES];
    if (argc > 1)
        return child();
    if (CHECK_SANITIZED || CHECK_EMULATED || !is_random())
        check_skip(
            "a sanitizer or an emulator places mappings itself, or the C library has one place");
    places first = {0, {0}};
    for (int i = 0; i < PROCESSES; i++) {
        const places told = run("/proc/self/exe");
        if (i == 0)
            first = told;
        CHECK_EQ(told.count, first.count);
        for (uint64_t a = 0; a < told.count; a++)
            for (uint64_t b = 0; b < a; b++)
                distances[a * PLACES_MAX + b][i] =
                    is_own(told.at[b], told.at[a]) ? (uint64_t)i : told.at[a] - told.at[b];
    }
    /* Three blocks and the C library; the mappings of each, of the metadata of two, and a chunk. */
    CHECK_EQ(first.count, 4 + 6);
    for (uint64_t a = 0; a < first.count; a++)
        for (uint64_t b = 0; b < a; b++) {
            uint64_t *all = distances[a * PLACES_MAX + b];
            int repeated = 0;
            qsort(all, PROCESSES, sizeof *all, compare);
            for (int i = 1; i < PROCESSES; i++)
                repeated += all[i] == all[i - 1];
            /* Of 2^30 places or more. By chance one repeats in one of 2,000 runs, two do in one of 10^7. */
            CHECK_THAT(repeated <= 1, "place %d and %d: %d distances repeat", (int)a, (int)b,
                       repeated);
        }
}

#else

int main(void) {
    check_skip("macOS chooses the places");
}

#endif
