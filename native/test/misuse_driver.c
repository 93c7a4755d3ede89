/* Runs one program of misuse/ and compares its end with the first lines of its source.
 *
 * Usage: misuse_driver SOURCE PROGRAM. The source begins with two lines
 *     signal: SIGABRT         the signal that must end it
 *     stderr: TEXT            all it must have written, one line or none; <hex> stands for an address */
#include "check.h"
#include "child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 256 };

/* The text after `name` on a line of the source. */
static void expectation(FILE *source, const char *name, char *out) {
    char line[LINE_BYTES];
    CHECK(fgets(line, sizeof line, source) != NULL);
    const char *found = strstr(line, name);
    CHECK_THAT(found != NULL, "no `%s` in: %s", name, line);
    found += strlen(name);
    found += strspn(found, " ");
    const size_t length = strcspn(found, "\n");
    memcpy(out, found, length);
    out[length] = '\0';
}

/* macOS has SIGBUS for an access to a page that nobody may access. */
static bool is_signal(const char *name, int signal) {
    if (strcmp(name, "SIGABRT") == 0)
        return signal == SIGABRT;
    if (strcmp(name, "SIGSEGV") == 0)
        return signal == SIGSEGV || signal == SIGBUS;
    check_fail(__FILE__, __LINE__, "unknown signal %s", name);
}

/* Whether nothing follows; an emulator adds a line about the signal. */
static bool ends(const char *text) {
    static const char emulator[] = "qemu: uncaught target signal ";
    return *text == '\0' || (CHECK_EMULATED && strncmp(text, emulator, sizeof emulator - 1) == 0);
}

/* The whole text, with each <hex> standing for 0x and hexadecimal digits. */
static bool matches(const char *expected, const char *text) {
    const char *first = text;
    while (*expected != '\0') {
        if (strncmp(expected, "<hex>", 5) == 0) {
            if (strncmp(text, "0x", 2) != 0)
                return false;
            const size_t digits = strspn(text + 2, "0123456789abcdef");
            if (digits == 0)
                return false;
            expected += 5;
            text += 2 + digits;
        } else if (*expected++ != *text++) {
            return false;
        }
    }
    return first == text ? ends(text) : *text == '\n' && ends(text + 1);
}

int main(int argc, char **argv) {
    CHECK_EQ(argc, 3);
    char signal_name[LINE_BYTES], text[LINE_BYTES];
    FILE *source = fopen(argv[1], "r");
    CHECK_THAT(source != NULL, "%s", argv[1]);
    expectation(source, "signal:", signal_name);
    expectation(source, "stderr:", text);
    fclose(source);

    /* A sanitizer would report the signal itself. */
    setenv("ASAN_OPTIONS", "handle_segv=0:handle_sigbus=0", 1);
    setenv("TSAN_OPTIONS", "handle_segv=0:handle_sigbus=0", 1);
    const child_result result = child_execute((char *[]){argv[2], NULL});
    fprintf(stderr, "%s", result.text);
    CHECK_THAT(is_signal(signal_name, result.signal), "signal %d, exit code %d", result.signal,
               result.code);
    CHECK_THAT(matches(text, result.text), "expected: %s", text);
}
