/* Near the limit of its container, a process gives free memory back at once, even with a long decay, and keeps it again
 * when there is room. The test makes the files of the container. */
#include "base/container.h"

#include "background.h"
#include "check.h"
#include "files.h"
#include "membarrier.h"
#include "stats.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 16, BYTES = 1 << 20, SMALL = 2000, LONG = 600 };

static void use(void) {
    static void *blocks[SMALL];
    for (size_t i = 0; i < BLOCKS; i++)
        CHECK((blocks[i] = superslab_malloc(BYTES)) != NULL);
    for (size_t i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
    for (size_t i = 0; i < SMALL; i++)
        CHECK((blocks[i] = superslab_malloc(1000)) != NULL);
    for (size_t i = 0; i < SMALL; i++)
        superslab_free(blocks[i]);
}

static void set_used(const char *bytes) {
    files_write("sys/fs/cgroup/app/memory.current", bytes);
}

static bool nothing_is_dirty(void) {
    return stats_now().dirty_bytes == 0;
}

/* The background thread has seen that there is room: what is freed stays again. */
static bool something_stays(void) {
    use();
    return stats_now().dirty_bytes >= BYTES;
}

int main(void) {
    setenv("SUPERSLAB_DECAY", "100000000", 1);
    files_write("proc/self/cgroup", "0::/app\n");
    files_write("proc/self/mountinfo", "30 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    files_write("sys/fs/cgroup/app/memory.max", "100000000\n");
    set_used("10000000\n");
    ss_container_root = files_directory();
    for (unsigned round = 0; round < 2; round++) {
        wait_until(something_stays);
        wait_idle(LONG);
        CHECK_GE(stats_now().dirty_bytes, BYTES);
        set_used("95000000\n");
        wait_until(nothing_is_dirty);
        if (membarrier_available())
            wait_until(scavenger_has_given_back);
        use();
        CHECK_LT(stats_now().dirty_bytes,
                 BYTES); /* by the thread that frees, not by the background thread */
        set_used("10000000\n");
    }
    files_remove();
}
