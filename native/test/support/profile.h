/* What a profile says of the test's own functions. */
#ifndef TEST_PROFILE_H
#define TEST_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts with this mean; skips the test where there are no profiles. */
void profile_begin(size_t mean);

typedef struct profile_sum {
    double used_objects, used_bytes, objects, bytes;
    unsigned stacks;      /* that have the function */
    unsigned frames_most; /* of one of them */
} profile_sum;

typedef struct profile_totals {
    uint64_t stacks, limit, taken, lost;
    profile_sum all;
    bool whole; /* it begins and ends as it should */
} profile_totals;

/* Writes the profile, and reads it. */
profile_totals profile_read(void);

/* What all stacks together say that have a return address in the function, of at most `length` bytes; of what
 * profile_read read last. */
profile_sum profile_of(const void *function, size_t length);

#define PROFILE_SITE __attribute__((noinline, noclone, optimize("no-optimize-sibling-calls")))

/* Fails if the estimate differs from the truth by more than seven standard deviations, of which each of `samples`
 * samples brings its part. */
void profile_check_near(double estimate, double truth, double samples, const char *what);

#endif
