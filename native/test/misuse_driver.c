/* Runs a program of misuse/ under one build of superslab and compares its end with what its source says.
 *
 * Usage: misuse_driver BUILD SOURCE PROGRAM [LIBRARY]. BUILD is default, hardened1, hardened2, or guard, the default
 * library with guards; LIBRARY is preloaded, for a program that calls malloc. The first comment of the source ends in expectations, one a line and
 * continued on further lines:
 *
 *     BUILD[, BUILD...][ at SIZE[, SIZE...]]: END
 *
 * `all` stands for the builds that no other expectation names, without guard. The program runs once for each SIZE, which is its
 * argument. END is one of
 *
 *     nothing               it ends with exit code 0 and has written nothing to stderr
 *     SIGNAL TEXT           the signal ends it, and it has written TEXT; a SIGNAL without TEXT: and nothing
 *
 * Guards are given to some blocks only, so there the program has a second argument, by which it goes on until it is
 * stopped, and further lines may follow TEXT.
 *
 * In TEXT <hex> stands for an address, <size> for the SIZE, and <rest> at the end for anything. */
#include "check.h"
#include "child.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMENT_BYTES = 8192, LINE_BYTES = 512, SIZES_MAX = 8 };

static const char *const builds[] = {"all", "default", "hardened1", "hardened2", "guard"};

/* Guarded blocks a second, the most there may be. */
static const char guard_rate[] = "100";
static bool is_guarded;

/* ---- the source ---- */

typedef struct expectation {
    char heads[LINE_BYTES]; /* the builds */
    unsigned long sizes[SIZES_MAX];
    unsigned size_count;
    char end[LINE_BYTES];
} expectation;

/* The first comment's lines, without its marks. */
static void read_comment(const char *file, char *out) {
    FILE *source = fopen(file, "r");
    CHECK_THAT(source != NULL, "%s", file);
    char line[LINE_BYTES];
    bool last = false;
    *out = '\0';
    while (!last && fgets(line, sizeof line, source) != NULL) {
        char *end = strstr(line, "*/");
        last = end != NULL;
        if (last)
            *end = '\0';
        const char *text = line + strspn(line, "/* ");
        CHECK(strlen(out) + strlen(text) + 2 < COMMENT_BYTES);
        strcat(out, text);
        if (last)
            strcat(out, "\n");
    }
    CHECK_THAT(last, "%s: no comment", file);
    fclose(source);
}

/* Whether a line begins with the name of a build. */
static bool is_head(const char *line) {
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++) {
        const size_t length = strlen(builds[i]);
        if (strncmp(line, builds[i], length) == 0 &&
            (strchr(",:", line[length]) != NULL || strncmp(line + length, " at ", 4) == 0))
            return true;
    }
    return false;
}

/* Reads one expectation; the place behind it, or NULL if there is none. */
static const char *read_expectation(const char *at, expectation *out) {
    while (*at != '\0' && !is_head(at))
        at += strcspn(at, "\n") + 1;
    if (*at == '\0')
        return NULL;
    const size_t head = strcspn(at, ":");
    CHECK(head < sizeof out->heads && at[head] == ':');
    memcpy(out->heads, at, head);
    out->heads[head] = '\0';
    out->size_count = 0;
    char *sizes = strstr(out->heads, " at ");
    if (sizes != NULL) {
        *sizes = '\0';
        for (char *next = sizes + 4; *next != '\0'; next += strspn(next, ", ")) {
            CHECK(out->size_count < SIZES_MAX && isdigit((unsigned char)*next));
            out->sizes[out->size_count++] = strtoul(next, &next, 10);
        }
    }
    at += head + 1;
    out->end[0] = '\0';
    do { /* lines that continue it */
        at += strspn(at, " ");
        const size_t length = strcspn(at, "\n");
        CHECK(strlen(out->end) + length + 2 < sizeof out->end);
        if (out->end[0] != '\0')
            strcat(out->end, " ");
        strncat(out->end, at, length);
        at += length + (at[length] == '\n');
    } while (*at != '\0' && *at != '\n' && !is_head(at));
    for (size_t length = strlen(out->end); length > 0 && out->end[length - 1] == ' '; length--)
        out->end[length - 1] = '\0';
    return at;
}

static bool names(const expectation *one, const char *build) {
    const size_t length = strlen(build);
    for (const char *at = one->heads; (at = strstr(at, build)) != NULL; at += length)
        if (at[length] == '\0' || at[length] == ',')
            return true;
    return false;
}

/* ---- the end of the program ---- */

/* macOS has SIGBUS for an access to an inaccessible page. */
static bool is_signal(const char *name, int signal) {
    if (strncmp(name, "SIGABRT", 7) == 0)
        return signal == SIGABRT;
    if (strncmp(name, "SIGSEGV", 7) == 0)
        return signal == SIGSEGV || signal == SIGBUS;
    check_fail(__FILE__, __LINE__, "unknown end: %s", name);
}

/* Whether nothing follows; an emulator adds a line about the signal. */
static bool ends(const char *text, bool has_line) {
    static const char emulator[] = "qemu: uncaught target signal ";
    if (has_line && *text++ != '\n')
        return false;
    if (is_guarded) /* the calls that used the block */
        return true;
    return *text == '\0' || (CHECK_EMULATED && strncmp(text, emulator, sizeof emulator - 1) == 0);
}

/* The whole text, with each <hex> standing for 0x and hexadecimal digits, and <size> for the size. */
static bool matches(const char *expected, const char *text, const char *size) {
    const bool has_line = *expected != '\0';
    while (*expected != '\0') {
        if (strcmp(expected, "<rest>") == 0)
            return true;
        if (strncmp(expected, "<hex>", 5) == 0) {
            if (strncmp(text, "0x", 2) != 0)
                return false;
            const size_t digits = strspn(text + 2, "0123456789abcdef");
            if (digits == 0)
                return false;
            expected += 5;
            text += 2 + digits;
        } else if (strncmp(expected, "<size>", 6) == 0) {
            if (strncmp(text, size, strlen(size)) != 0)
                return false;
            expected += 6;
            text += strlen(size);
        } else if (*expected++ != *text++) {
            return false;
        }
    }
    return ends(text, has_line);
}

static void run(char *program, const char *end, unsigned long size) {
    char argument[32];
    snprintf(argument, sizeof argument, "%lu", size);
    char *again = is_guarded ? (char *)"again" : NULL;
    const child_result result = child_execute((char *[]){program, argument, again, NULL});
    if (strcmp(end, "nothing") == 0) {
        CHECK_THAT(result.signal == 0 && result.code == 0 && result.text[0] == '\0',
                   "at %lu: expected nothing; signal %d, exit code %d: %s", size, result.signal,
                   result.code, result.text);
        return;
    }
    const char *text = end + strlen("SIGABRT");
    text += strspn(text, " ");
    CHECK_THAT(is_signal(end, result.signal), "at %lu: expected %s; signal %d, exit code %d: %s",
               size, end, result.signal, result.code, result.text);
    CHECK_THAT(matches(text, result.text, argument), "at %lu: expected: %s\nwas: %s", size, text,
               result.text);
}

/* Runs the program for each expectation that names the build; their number. */
static unsigned run_all(const char *comment, const char *named, char *program) {
    unsigned count = 0;
    expectation one;
    for (const char *at = comment; (at = read_expectation(at, &one)) != NULL;) {
        if (!names(&one, named))
            continue;
        count++;
        for (unsigned i = 0; i < one.size_count; i++)
            run(program, one.end, one.sizes[i]);
        if (one.size_count == 0)
            run(program, one.end, 0);
    }
    return count;
}

int main(int argc, char **argv) {
    static char comment[COMMENT_BYTES];
    CHECK(argc == 4 || argc == 5);
    read_comment(argv[2], comment);
    /* A sanitizer would report the signal itself. */
    setenv("ASAN_OPTIONS", "handle_segv=0:handle_sigbus=0", 1);
    setenv("TSAN_OPTIONS", "handle_segv=0:handle_sigbus=0", 1);
    if (argc == 5) {
        char variable[4096];
        snprintf(variable, sizeof variable, "LD_PRELOAD=%s", argv[4]);
        /* An emulator is a program of this machine: the variable is for what it runs. */
        if (CHECK_EMULATED)
            setenv("QEMU_SET_ENV", variable, 1);
        else
            setenv("LD_PRELOAD", argv[4], 1);
        setenv("SUPERSLAB_CHILDREN", "all", 1);
        is_guarded = strcmp(argv[1], "guard") == 0;
        if (is_guarded)
            setenv("SUPERSLAB_GUARD", guard_rate, 1);
    }
    if (run_all(comment, argv[1], argv[3]) == 0)
        CHECK_THAT(!is_guarded && run_all(comment, "all", argv[3]) > 0, "%s says nothing of %s",
                   argv[2], argv[1]);
}
