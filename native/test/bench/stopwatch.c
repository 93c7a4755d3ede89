/* The time for which a thread waited for a processor is subtracted from the call in which it waited, and from no other.
 * A file of the test replaces the system's. */
#include "stopwatch.h"

#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bench_stopwatch watch;
static FILE *file;

static void says(uint64_t waited) {
    char text[64];
    const int length = snprintf(text, sizeof text, "1 %llu 3\n", (unsigned long long)waited);
    CHECK_EQ(pwrite(fileno(file), text, (size_t)length, 0), length);
}

static void call(unsigned milliseconds, uint64_t waited) {
    bench_stopwatch_begin(&watch);
    if (milliseconds != 0)
        bench_idle(milliseconds);
    says(waited);
    bench_stopwatch_end(&watch);
}

int main(void) {
    enum { LONG = 2000000000 };
    file = tmpfile();
    if (file == NULL)
        check_skip("no temporary file");
    says(0);
    bench_stopwatch_open(&watch);
    bench_stopwatch_close(&watch);
    memset(&watch, 0, sizeof watch);
    watch.waiting = fileno(file);

    call(2, 0); /* slept, not waited: it counts */
    CHECK_EQ(watch.over_1ms, 1);
    CHECK_EQ(watch.over_100us, 1);
    CHECK_GE(watch.times.most, 2000000);

    call(2, LONG); /* more than the whole call took: nothing is left of it */
    CHECK_EQ(watch.over_1ms, 1);
    CHECK_EQ(bench_histogram_at(&watch.times, 1, 2), 0);

    says(2 * (uint64_t)LONG); /* between two calls, with a pause that is seen */
    bench_idle(1);
    call(2, 2 * (uint64_t)LONG);
    CHECK_EQ(watch.over_1ms, 2);

    const bench_latency figures = bench_stopwatch_figures(&watch);
    CHECK_EQ(figures.calls, 3);
    CHECK_EQ(figures.over_1ms, 2);
    CHECK_EQ(figures.slowest, watch.times.most);
    CHECK_EQ(figures.at_999, figures.slowest);

    watch.waiting = -1; /* a system that does not say */
    call(2, 0);
    CHECK_EQ(watch.over_1ms, 3);
}
