/* The workloads that time calls: each does the same under every allocator, times every call, and its figures are in
 * order. */
#include "check.h"
#include "workload.h"

#include <string.h>

enum { CALLS = CHECK_SCALED(4000), MEBIBYTES = 8 };

static bench_result run(const bench_workload *workload, const char *allocator) {
    bench_params params = workload->defaults;
    params.ops = CALLS;
    params.slots = MEBIBYTES;
    const bench_result result = workload->run(bench_allocator_find(allocator), &params);
    CHECK_THAT(result.error == NULL, "%s: %s", workload->name, result.error);
    return result;
}

int main(void) {
    unsigned found = 0;
    for (const bench_workload *workload = bench_workloads; workload->name != NULL; workload++) {
        if (strncmp(workload->name, "latency-", 8) != 0)
            continue;
        found++;
        const bench_result own = run(workload, "superslab"), other = run(workload, "system");
        const bench_latency *times = &own.latency;
        CHECK_EQ(own.checksum, other.checksum);
        CHECK_EQ(own.ops, other.ops);
        CHECK_EQ(times->calls, own.ops);
        CHECK_EQ(other.latency.calls, own.ops);
        CHECK_GE(own.ops, CALLS);
        CHECK_LE(times->median, times->at_999);
        CHECK_LE(times->at_999, times->at_9999);
        CHECK_LE(times->at_9999, times->slowest);
        CHECK_LE(times->over_1ms, times->over_100us);
        CHECK_LE(times->over_100us, times->calls);
        CHECK_EQ(times->over_1ms == 0, times->slowest <= 1000000);
        CHECK_EQ(times->over_100us == 0, times->slowest <= 100000);
    }
    CHECK_EQ(found, 5);
    /* The other workloads report no times. */
    bench_params few = bench_workload_find("random-mixed")->defaults;
    few.ops = CALLS;
    CHECK_EQ(bench_workload_find("random-mixed")
                 ->run(bench_allocator_find("system"), &few)
                 .latency.calls,
             0);
}
