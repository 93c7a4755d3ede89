/* Where the kernel can name mappings, every block lies in a named one; with SUPERSLAB_DECAY=inline none does. Where it
 * cannot, it is asked once, and errno stays as it was. The kernel is this file's prctl. */
#include "check.h"
#include "child.h"
#include "superslab.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __linux__
#include <sys/prctl.h>

enum { RANGES_MOST = 4096, SET_VMA = 0x53564d41 };

static struct {
    uintptr_t start, end;
} ranges[RANGES_MOST];
static unsigned asked;
static bool has_names = true;

int prctl(int option, ...) {
    va_list list;
    va_start(list, option);
    const unsigned long what = va_arg(list, unsigned long), start = va_arg(list, unsigned long),
                        bytes = va_arg(list, unsigned long);
    const char *name = va_arg(list, const char *);
    va_end(list);
    if (option != SET_VMA)
        return 0;
    CHECK_EQ(what, 0);
    CHECK_EQ(strcmp(name, "superslab"), 0);
    if (has_names && asked < RANGES_MOST) {
        ranges[asked].start = start;
        ranges[asked].end = start + bytes;
    }
    asked++;
    errno = has_names ? errno : EINVAL;
    return has_names ? 0 : -1;
}

static bool is_named(const void *block) {
    for (unsigned i = 0; i < asked; i++)
        if ((uintptr_t)block >= ranges[i].start && (uintptr_t)block < ranges[i].end)
            return true;
    return false;
}

/* Allocates of all kinds, and gives all back. */
static void work(bool named) {
    static void *blocks[64];
    for (unsigned i = 0; i < 64; i++) {
        blocks[i] =
            i % 3 == 0 ? superslab_aligned_alloc(64, 1000) : superslab_malloc(100u << i % 16);
        CHECK(blocks[i] != NULL);
        if (named)
            CHECK(is_named(blocks[i]));
    }
    for (unsigned i = 0; i < 64; i++)
        superslab_free(blocks[i]);
    superslab_trim();
}

static void without_names(void *context) {
    (void)context;
    has_names = false;
    errno = 7;
    work(false);
    CHECK_EQ(errno, 7);
    CHECK_EQ(asked, 1);
}

static void in_line(void *context) {
    (void)context;
    setenv("SUPERSLAB_DECAY", "inline", 1);
    work(false);
    CHECK_EQ(asked, 0);
}

int main(void) {
    child_result result = child_run(without_names, NULL);
    child_check_clean(&result);
    result = child_run(in_line, NULL);
    child_check_clean(&result);
    work(true);
    CHECK_NE(asked, 0);
    return 0;
}

#else

int main(void) {
    fputs("only Linux names mappings\n", stderr);
    return 77;
}

#endif
