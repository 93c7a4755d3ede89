/* A call of a region reports no error that the scavenger has found: its caller may be in the middle of a change, and the
 * error handler may not return. The next call of malloc's family reports it. */
#include "check.h"
#include "stats.h"

#include "base/report.h"

#include <sys/mman.h>

enum { BYTES = 4 << 20, BLOCK_BYTES = 1000 };

static unsigned reports;

static void count_report(superslab_error error, const void *pointer, void *context) {
    (void)pointer, (void)context;
    CHECK_EQ(error, SUPERSLAB_ERROR_DOUBLE_FREE);
    reports++;
}

int main(void) {
    uint32_t offset;
    ss_faults faults = {.count = 0};
    const superslab_stats before = stats_start();
    superslab_set_error_handler(count_report, NULL);
    void *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    superslab_region *region = superslab_region_adopt(memory, BYTES, BYTES);
    CHECK(region != NULL);
    ss_fault_add(&faults, SUPERSLAB_ERROR_DOUBLE_FREE, memory);
    ss_report_defer(&faults);
    CHECK_EQ(superslab_region_take(region, BLOCK_BYTES, &offset, 1), 1);
    CHECK_EQ(superslab_region_give(region, &offset, 1), 1);
    CHECK_EQ(reports, 0);
    superslab_trim();
    CHECK_EQ(reports, 1);
    superslab_region_retire(region);
    munmap(memory, BYTES);
    stats_check_returned(&before);
}
