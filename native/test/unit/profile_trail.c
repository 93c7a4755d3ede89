/* The walk of a stack takes the steps of the last one where both are alike (trail.h). Random paths of calls, through
 * frames of fixed and of varying size: the profile has each path as it was, and no other. */
#include "check.h"
#include "profile.h"
#include "superslab.h"

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PATHS = 400, DEPTH = 24, TEXT_BYTES = (DEPTH + 1) * 18 + 1 };

/* Return addresses of one path, as the profile writes them: the innermost first. */
static char path[PATHS][TEXT_BYTES];
static const void *calls[DEPTH + 1]; /* the outermost first */
static unsigned taken, depth;
static uint64_t state = 1;
static volatile unsigned done;

static unsigned draw(unsigned below) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % below;
}

PROFILE_SITE static void leaf(void) {
    calls[DEPTH] = __builtin_return_address(0);
    CHECK(superslab_malloc(4096) != NULL);
    done++;
}

PROFILE_SITE static void plain(void);
PROFILE_SITE static void varying(void);
PROFILE_SITE static void busy(void);

/* Most paths share their outer calls with the one before. */
#define GO_DEEPER()                                                                                \
    do {                                                                                           \
        const unsigned way = depth < DEPTH - 4 && taken % 8 != 0 ? depth % 3 : draw(3);            \
        if (depth == DEPTH)                                                                        \
            leaf();                                                                                \
        else if (way == 0)                                                                         \
            plain();                                                                               \
        else if (way == 1)                                                                         \
            varying();                                                                             \
        else                                                                                       \
            busy();                                                                                \
        depth--;                                                                                   \
        done++;                                                                                    \
    } while (0)

static void plain(void) {
    calls[depth++] = __builtin_return_address(0);
    GO_DEEPER();
}

/* Its caller is found by the frame pointer. */
static void varying(void) {
    calls[depth++] = __builtin_return_address(0);
    volatile char *room = alloca(16 + 16 * draw(4));
    room[0] = 1;
    GO_DEEPER();
}

/* Has values in the registers that its caller wants back, the frame pointer's among them. */
static void busy(void) {
    calls[depth++] = __builtin_return_address(0);
    unsigned a = draw(9), b = draw(9), c = draw(9), d = draw(9), e = draw(9), f = draw(9);
    GO_DEEPER();
    done += a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f;
}

static void path_note(char *text) {
    for (unsigned i = DEPTH + 1; i-- != 0;)
        text += sprintf(text, " %jx", (uintmax_t)(uintptr_t)calls[i]);
}

static char *profile_text(void) {
    FILE *file = tmpfile();
    CHECK(file != NULL);
    CHECK_EQ(superslab_profile_write(fileno(file)), SUPERSLAB_PROFILE_OK);
    const size_t bytes = (size_t)lseek(fileno(file), 0, SEEK_END);
    char *text = mmap(NULL, bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(text != MAP_FAILED);
    CHECK_EQ(pread(fileno(file), text, bytes, 0), bytes);
    fclose(file);
    return text;
}

/* The number of stacks in the leaf, by the length of its frames. */
static unsigned stacks_of_leaf(void) {
    profile_read();
    return profile_of((const void *)(uintptr_t)leaf, 128).stacks;
}

int main(void) {
    unsigned different = 0;
    profile_begin(1);
    for (taken = 0; taken < PATHS; taken++) {
        depth = 0;
        draw(3) == 0 ? plain() : draw(2) == 0 ? varying() : busy();
        path_note(path[taken]);
        bool is_new = true;
        for (unsigned i = 0; i < taken; i++)
            is_new = is_new && strcmp(path[i], path[taken]) != 0;
        different += is_new;
    }
    superslab_profile_stop();
    const char *text = profile_text();
    for (unsigned i = 0; i < PATHS; i++)
        CHECK_THAT(strstr(text, path[i]) != NULL, "path %u is not there: %s", i, path[i]);
    CHECK_GT(different, PATHS / 4);
    CHECK_EQ(stacks_of_leaf(), different);
    return 0;
}
