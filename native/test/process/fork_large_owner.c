/* A fork while the thread that forks, or another one, owns the lock on the space of large blocks and a third is
 * taking it away. The child takes and frees large blocks, and ends. */
#include "check.h"
#include "child.h"
#include "parcel.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>

enum { CHILDREN = CHECK_SCALED(60), OFTEN = 2000, LARGE = 200000 };

static atomic_bool done;

static void busy(unsigned index, void *context) {
    (void)context;
    while (!atomic_load(&done))
        for (unsigned i = 0; i < (index == 0 ? OFTEN : 3); i++)
            parcel_free(parcel_new(LARGE + i * 10, i));
}

static void child(void *context) {
    (void)context;
    for (unsigned i = 0; i < OFTEN; i++)
        parcel_free(parcel_new(LARGE + i * 10, i));
}

int main(void) {
    const superslab_stats before = stats_start();
    team others;
    team_start(&others, 2, busy, NULL);
    for (unsigned i = 0; i < CHILDREN; i++) {
        if (i % 2 == 0)
            child(NULL);
        const child_result result = child_run(child, NULL);
        child_check_clean(&result);
    }
    atomic_store(&done, true);
    team_join(&others);
    stats_check_returned(&before);
}
