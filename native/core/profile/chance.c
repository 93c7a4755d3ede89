#include "profile/chance.h"

#include "os/os.h"

/* The C library's mathematics is in a library of its own, which malloc must not bring into a process. */

/* The natural logarithm of a number from 2^-64 to 1. */
static double logarithm(double x) {
    static const double ln2 = 0.69314718055994530942;
    int doublings = 0;
    for (; x < 0.70710678118654752440 / 64; doublings += 6)
        x *= 64;
    for (; x < 0.70710678118654752440; doublings++)
        x *= 2;
    /* ln((1 + t) / (1 - t)) = 2 (t + t^3 / 3 + t^5 / 5 ...) with |t| < 0.172: the term after the last one is below
     * 1e-16. */
    const double t = (x - 1) / (x + 1), square = t * t;
    double series = 0;
    for (int i = 19; i > 0; i -= 2)
        series = series * square + 1.0 / i;
    return 2 * t * series - ln2 * doublings;
}

/* 1 - exp(-x). */
static double probability(double x) {
    if (x > 40)
        return 1;
    unsigned halves = 0;
    for (; x > 0.125; halves++)
        x /= 2;
    /* x - x^2 / 2 + x^3 / 6 ... to the tenth power, without the cancellation of 1 - exp(-x). */
    double series = 0;
    for (int i = 10; i > 0; i--)
        series = (x - x * series) / i;
    for (; halves != 0; halves--)
        series *= 2 - series; /* 1 - (1 - p)^2 */
    return series;
}

static uint64_t random_next(uint64_t *state) {
    if (*state == 0) /* differs between threads and between processes */
        *state =
            ss_os_clock_nanoseconds() ^ (uint64_t)(uintptr_t)state << 20 ^ ss_os_thread_token();
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int64_t ss_chance_draw(uint64_t *state, size_t mean) {
    const double part = ((double)(random_next(state) >> 11) + 0.5) * 0x1p-53;
    return (int64_t)(-logarithm(part) * (double)mean);
}

double ss_chance_weight(size_t bytes, size_t mean) {
    const double x = (double)bytes / (double)mean;
    /* 1 / (1 - exp(-x)) = 1 / x + 1 / 2 + x / 12 - x^3 / 720 ...: the term after the last one is below 1e-6. */
    return x < 1.0 / 16 ? 1 / x + 0.5 + x / 12 : 1 / probability(x);
}
