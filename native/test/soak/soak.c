/* The soak: every workload, all sizes and threads of all lifetimes at once, with contents checked, for
 * the given time. It works in rounds; after each one the statistics must be exact, and after
 * the last one nothing is live and the memory has gone back.
 * Usage: soak [--minutes N | --seconds N] [--seed N] */
#include "crew.h"

#include "check.h"
#include "rss.h"
#include "stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUND_SECONDS = 10, PROGRESS_SECONDS = 5, RSS_KEPT_MOST = 16 << 20 };

static double clock_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double mib(uint64_t bytes) {
    return (double)bytes / (1 << 20);
}

static void print_progress(double elapsed, double operations_a_second) {
    superslab_stats stats;
    superslab_get_stats(&stats);
    printf(
        "%3d:%02d  %6.2f M operations/s  RSS %7.1f MiB  live %7.1f MiB  cached %5.1f MiB  %" PRIu64
        " threads\n",
        (int)elapsed / 60, (int)elapsed % 60, operations_a_second * 1e-6, mib(rss_bytes()),
        mib(stats.live_bytes), mib(stats.cached_bytes), crew_threads());
    fflush(stdout);
}

/* Sleeps to `until`, with a line of progress now and then. */
static void watch(double start, double until) {
    static double last_time;
    static uint64_t last_operations;
    if (last_time == 0)
        last_time = start;
    for (double now = clock_seconds(); now < until; now = clock_seconds()) {
        const double pause = until - now < 0.2 ? until - now : 0.2;
        nanosleep(&(struct timespec){0, (long)(pause * 1e9)}, NULL);
        now = clock_seconds();
        if (now - last_time < PROGRESS_SECONDS)
            continue;
        const uint64_t operations = crew_operations();
        print_progress(now - start, (double)(operations - last_operations) / (now - last_time));
        last_time = now;
        last_operations = operations;
    }
}

/* No thread works: the live blocks are those of the shadows. */
static void check_at_rest(const superslab_stats *before) {
    uint64_t blocks, bytes;
    crew_live(&blocks, &bytes);
    stats_check_live(before, blocks, bytes);
    CHECK_EQ(stats_now().thread_count, before->thread_count);
}

static double read_number(const char *text) {
    char *end;
    const double number = strtod(text, &end);
    if (end == text || *end != '\0' || !(number > 0) || number > 1e6) {
        fprintf(stderr, "soak: '%s' is no number above 0\n", text);
        exit(2);
    }
    return number;
}

int main(int argc, char **argv) {
    double seconds = 60;
    uint64_t seed = 42;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--minutes") == 0)
            seconds = read_number(value) * 60;
        else if (strcmp(argv[i], "--seconds") == 0)
            seconds = read_number(value);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = (uint64_t)read_number(value);
        else {
            fprintf(stderr, "usage: soak [--minutes N | --seconds N] [--seed N]\n");
            return 2;
        }
    }
    const bool rss_checked = rss_is_meaningful();
    crew_start(seed);
    const superslab_stats before = stats_start();
    const uint64_t rss_before = rss_bytes();
    const double start = clock_seconds(), end = start + seconds;
    unsigned rounds = 0;
    for (double now = start; now < end; now = clock_seconds(), rounds++) {
        crew_begin();
        watch(start, now + ROUND_SECONDS < end ? now + ROUND_SECONDS : end);
        crew_finish();
        check_at_rest(&before);
    }
    const double elapsed = clock_seconds() - start;
    crew_end();
    superslab_trim();
    const superslab_stats after = stats_now();
    const uint64_t rss_after = rss_bytes();
    stats_check_consistent(&after);
    CHECK_EQ(after.live_blocks, 0);
    CHECK_EQ(after.live_bytes, 0);
    CHECK_EQ(after.thread_count, before.thread_count);
    if (rss_checked)
        CHECK_LE(rss_after, rss_before + RSS_KEPT_MOST);
    printf("soak: %u rounds in %.0f s, %.1f M operations, %.2f M a second, %" PRIu64 " threads\n"
           "soak: live %" PRIu64 " blocks, %" PRIu64
           " bytes; RSS %.1f MiB at the start, %.1f MiB at the "
           "end\n",
           rounds, elapsed, (double)crew_operations() * 1e-6,
           (double)crew_operations() / elapsed * 1e-6, crew_threads(), after.live_blocks,
           after.live_bytes, mib(rss_before), mib(rss_after));
    return 0;
}
