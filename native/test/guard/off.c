/* Without SUPERSLAB_GUARD, with 0, and with a value that is not valid no block is guarded; the last is reported. */
#include "check.h"
#include "child.h"
#include "guard.h"
#include "stats.h"

#include <stdlib.h>
#include <string.h>

static void none(void *value) {
    if (value != NULL)
        setenv("SUPERSLAB_GUARD", value, 1);
    for (unsigned i = 0; i < 100000; i++) {
        void *block = superslab_malloc(i % 500);
        CHECK(!guard_has(block));
        superslab_free(block);
    }
    CHECK_EQ(stats_now().guard_rate, 0);
    CHECK_EQ(stats_now().guard_samples, 0);
}

int main(void) {
    static const char *const values[] = {NULL, "0", "101", "-1", "1x", "", "1e2"};
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        const child_result result = child_run(none, (void *)(uintptr_t)values[i]);
        CHECK_THAT(result.signal == 0 && result.code == 0, "%s", result.text);
        CHECK_THAT(
            (strstr(result.text, "is ignored: it takes a number of blocks a second, at most 100") !=
             NULL) == (i >= 2),
            "%s", result.text);
    }
}
