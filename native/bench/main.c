/* superslab-bench: one workload, one allocator, in a process of its own. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr */
#endif

#include "file_workloads.h"
#include "options.h"
#include "process.h"
#include "workload.h"

#ifdef SUPERSLAB_TRACE
#include "base/route.h"
#endif

#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>

#ifndef SUPERSLAB_BUILD_FLAGS
#define SUPERSLAB_BUILD_FLAGS "unknown"
#endif

#ifdef __clang__
#define BENCH_COMPILER "clang " __clang_version__
#else
#define BENCH_COMPILER "gcc " __VERSION__
#endif

enum { EXIT_VOID = 1, EXIT_USAGE = 2 };

static void print_string(const char *text) {
    putchar('"');
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (byte < 0x20)
            printf("\\u%04x", byte);
        else if (byte == '"' || byte == '\\')
            printf("\\%c", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

static void print_member(const char *name, const char *text) {
    printf(",\"%s\":", name);
    print_string(text);
}

static void print_params(const bench_params *params) {
    printf("\"threads\":%u,\"opsPerThread\":%" PRIu64 ",\"sizeMin\":%zu,\"sizeMax\":%zu,"
           "\"slots\":%zu,\"seed\":%" PRIu64,
           params->threads, params->ops, params->size_min, params->size_max, params->slots,
           params->seed);
}

static void print_workloads(const bench_workload *first, const char *before) {
    for (const bench_workload *workload = first; workload->name != NULL; workload++) {
        printf("%s\n{\"name\":", workload == first ? before : ",");
        print_string(workload->name);
        print_member("summary", workload->summary);
        printf(",\"readsFile\":%s", workload->reads_file ? "true" : "false");
        printf(",\"threadsUnit\":%u,\"defaults\":{", workload->threads_unit);
        print_params(&workload->defaults);
        printf("}}");
    }
}

static void print_list(void) {
    print_workloads(bench_workloads, "[");
    print_workloads(bench_file_workloads, ",");
    printf("\n]\n");
}

/* The file that holds a function: shows a stale binary, or a preload that had no effect. A conversion from a function
 * pointer to an object pointer is POSIX's, not C's, hence the union. */
static const char *library_of(void *(*function)(size_t)) {
    union {
        void *(*function)(size_t);
        void *address;
    } both = {.function = function};
    Dl_info info;
    if (dladdr(both.address, &info) == 0 || info.dli_fname == NULL)
        return "unknown";
    return info.dli_fname;
}

#ifdef SUPERSLAB_TRACE
static void print_routes(const uint64_t *before, const uint64_t *after) {
    printf(",\"routes\":{");
    for (unsigned i = 0; i < SS_ROUTE_COUNT; i++) {
        printf("%s", i == 0 ? "" : ",");
        print_string(ss_route_name((ss_route)i));
        printf(":%" PRIu64, after[i] - before[i]);
    }
    printf("}");
}
#endif

static void print_series(const bench_series *series) {
    printf(",\"series\":[");
    for (unsigned i = 0; i < series->count; i++) {
        const bench_sample *sample = &series->samples[i];
        printf("%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", i == 0 ? "" : ",", sample->ops,
               sample->live, sample->resident);
    }
    printf("]");
}

static void print_latency(const bench_latency *latency) {
    printf(",\"calls\":%" PRIu64 ",\"medianNs\":%" PRIu64 ",\"p999Ns\":%" PRIu64
           ",\"p9999Ns\":%" PRIu64 ",\"slowestNs\":%" PRIu64 ",\"over100us\":%" PRIu64
           ",\"over1ms\":%" PRIu64,
           latency->calls, latency->median, latency->at_999, latency->at_9999, latency->slowest,
           latency->over_100us, latency->over_1ms);
}

/* What the process took for one run. */
typedef struct run_cost {
    uint64_t minor_faults;
    double cpu_seconds;
} run_cost;

static run_cost cost_so_far(void) {
    return (run_cost){bench_process_minor_faults(), bench_process_cpu_seconds()};
}

static void print_result(const bench_options *options, const bench_result *result, unsigned run,
                         run_cost cost) {
    printf("{\"workload\":");
    print_string(options->workload->name);
    print_member("allocator", options->allocator->name);
    printf(",\"run\":%u,", run);
    print_params(&options->params);
    printf(",\"ops\":%" PRIu64 ",\"seconds\":%.9f,\"cpuSeconds\":%.6f,\"opsPerSecond\":%.0f",
           result->ops, result->seconds, cost.cpu_seconds, (double)result->ops / result->seconds);
    /* Text, because a number of 64 bits does not survive JSON.parse. */
    printf(",\"checksum\":\"%016" PRIx64 "\"", result->checksum);
    const uint64_t peak = result->memory.peak_rss;
    printf(",\"peakRssBytes\":%" PRIu64 ",\"minorFaults\":%" PRIu64,
           peak != 0 ? peak : bench_process_peak_rss() - result->memory.own, cost.minor_faults);
    if (result->memory.own != 0)
        printf(",\"ownBytes\":%" PRIu64, result->memory.own);
    if (result->memory.idle_rss != 0)
        printf(",\"peakLiveBytes\":%" PRIu64 ",\"liveBytes\":%" PRIu64 ",\"idleRssBytes\":%" PRIu64
               ",\"freedRssBytes\":%" PRIu64,
               result->memory.peak_live, result->memory.live, result->memory.idle_rss,
               result->memory.freed_rss);
    if (result->series.count != 0)
        print_series(&result->series);
    if (result->latency.calls != 0)
        print_latency(&result->latency);
    print_member("library", library_of(options->allocator->malloc));
    print_member("compiler", BENCH_COMPILER);
    print_member("flags", SUPERSLAB_BUILD_FLAGS);
}

static int run_once(const bench_options *options, unsigned run) {
#ifdef SUPERSLAB_TRACE
    uint64_t before[SS_ROUTE_COUNT], after[SS_ROUTE_COUNT];
    ss_route_read(before);
#endif
    const run_cost before_run = cost_so_far();
    const bench_result result = options->workload->run(options->allocator, &options->params);
    const run_cost after_run = cost_so_far();
    const run_cost cost = {after_run.minor_faults - before_run.minor_faults,
                           after_run.cpu_seconds - before_run.cpu_seconds};
#ifdef SUPERSLAB_TRACE
    ss_route_read(after);
#endif
    if (result.error != NULL) {
        fprintf(stderr, "superslab-bench: %s with %s is void: %s\n", options->workload->name,
                options->allocator->name, result.error);
        return EXIT_VOID;
    }
    print_result(options, &result, run, cost);
#ifdef SUPERSLAB_TRACE
    print_routes(before, after);
#endif
    printf("}\n");
    fflush(stdout);
    return 0;
}

int main(int argc, char **argv) {
    bench_options options;
    char message[256];
    if (!bench_options_parse(&options, argc, argv, message, sizeof message)) {
        fprintf(stderr, "superslab-bench: %s\n%s", message, bench_options_usage);
        return EXIT_USAGE;
    }
    if (options.help) {
        fputs(bench_options_usage, stdout);
        return 0;
    }
    if (options.list) {
        print_list();
        return 0;
    }
    /* Peak memory is the process's, so of all runs so far: for memory, one run a process. */
    for (unsigned run = 1; run <= options.repeat; run++) {
        const int status = run_once(&options, run);
        if (status != 0)
            return status;
    }
    return 0;
}
