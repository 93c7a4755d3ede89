#include "profile.h"

#include "check.h"
#include "superslab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void profile_begin(size_t mean) {
    const superslab_profile_error error = superslab_profile_start(mean);
    if (error == SUPERSLAB_PROFILE_UNAVAILABLE)
        check_skip("there are no profiles on this system");
    CHECK_THAT(error == SUPERSLAB_PROFILE_OK, "%s", superslab_profile_error_name(error));
}

static char *text;
static size_t text_bytes;

/* In memory that the test maps itself, so that the reading is not part of the profile. */
static void text_read(void) {
    FILE *file = tmpfile();
    CHECK(file != NULL);
    const superslab_profile_error error = superslab_profile_write(fileno(file));
    CHECK_THAT(error == SUPERSLAB_PROFILE_OK, "%s", superslab_profile_error_name(error));
    if (text != NULL)
        munmap(text, text_bytes + 1);
    text_bytes = (size_t)lseek(fileno(file), 0, SEEK_END);
    text = mmap(NULL, text_bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(text != MAP_FAILED);
    CHECK_EQ(pread(fileno(file), text, text_bytes, 0), text_bytes);
    fclose(file);
}

static const char *next_line(const char *line) {
    const char *end = strchr(line, '\n');
    return end == NULL || end[1] == '\0' ? NULL : end + 1;
}

/* Adds a line "stack ..." if a frame is in the function, or in any case if its length is 0. */
static void stack_add(const char *line, uintptr_t function, size_t length, profile_sum *sum) {
    double number[4];
    unsigned id, label, frames = 0;
    uint64_t first, last;
    int at = 0;
    CHECK_THAT(sscanf(line, "stack %u %u %lf %lf %lf %lf %ju %ju :%n", &id, &label, &number[0],
                      &number[1], &number[2], &number[3], &first, &last, &at) == 8,
               "%.80s", line);
    bool found = length == 0;
    char *end;
    for (const char *frame = line + at; *frame == ' '; frame = end, frames++)
        found |= (uintptr_t)strtoull(frame + 1, &end, 16) - function - 1 < length;
    if (!found)
        return;
    sum->used_objects += number[0];
    sum->used_bytes += number[1];
    sum->objects += number[2];
    sum->bytes += number[3];
    sum->stacks++;
    sum->frames_most = frames > sum->frames_most ? frames : sum->frames_most;
}

profile_sum profile_of(const void *function, size_t length) {
    profile_sum sum = {0};
    for (const char *line = text; line != NULL; line = next_line(line))
        if (strncmp(line, "stack ", 6) == 0)
            stack_add(line, (uintptr_t)function, length, &sum);
    return sum;
}

profile_totals profile_read(void) {
    static const char begin[] = "superslab profile 1\nprocess ";
    profile_totals totals = {0};
    text_read();
    totals.whole = strncmp(text, begin, sizeof begin - 1) == 0 && text_bytes > 4 &&
                   strcmp(text + text_bytes - 5, "\nend\n") == 0;
    for (const char *line = text; line != NULL; line = next_line(line)) {
        sscanf(line, "stacks %ju %ju", &totals.stacks, &totals.limit);
        sscanf(line, "samples %ju %ju", &totals.taken, &totals.lost);
    }
    totals.all = profile_of(NULL, 0);
    return totals;
}

static double root(double square) {
    double x = square > 1 ? square : 1;
    for (unsigned i = 0; i < 64; i++)
        x = (x + square / x) / 2;
    return x;
}

void profile_check_near(double estimate, double truth, double samples, const char *what) {
    const double most = 7 * truth / root(samples), off = estimate - truth;
    CHECK_THAT(off < most && -off < most, "%s: %.0f instead of %.0f, allowed is %.0f", what,
               estimate, truth, most);
}
