/* The same in a real control group, where the test may make one: with most of the limit live, freed memory goes back at
 * once although the decay is long. */
#include "background.h"
#include "check.h"
#include "child.h"
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT = 128 << 20, BYTES = 1 << 20, LIVE = 110, FREED = 10 };

static char group[256];

static bool group_write(const char *name, long value) {
    char path[300], text[32];
    snprintf(path, sizeof path, "%s/%s", group, name);
    const int length = snprintf(text, sizeof text, "%ld", value);
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    const bool done = file >= 0 && write(file, text, (size_t)length) == length;
    if (file >= 0)
        close(file);
    return done;
}

static bool nothing_is_dirty(void) {
    return stats_now().dirty_bytes == 0;
}

static void in_the_group(void *context) {
    static void *live[LIVE], *freed[FREED];
    (void)context;
    setenv("SUPERSLAB_DECAY", "100000000", 1);
    if (!group_write("cgroup.procs", (long)getpid()))
        check_skip("no process can be moved to %s: %s", group, strerror(errno));
    for (size_t i = 0; i < FREED; i++) {
        CHECK((freed[i] = superslab_malloc(BYTES)) != NULL);
        memset(freed[i], 1, BYTES);
    }
    for (size_t i = 0; i < LIVE; i++) {
        CHECK((live[i] = superslab_malloc(BYTES)) != NULL);
        memset(live[i], 1, BYTES);
    }
    for (size_t i = 0; i < FREED; i++)
        superslab_free(freed[i]);
    wait_until(nothing_is_dirty);
}

int main(void) {
    if (CHECK_SANITIZED || CHECK_EMULATED)
        check_skip("a sanitizer or an emulator needs more memory than the group has");
    snprintf(group, sizeof group, "/sys/fs/cgroup/memory/superslab-test-%ld", (long)getpid());
    if (mkdir(group, 0700) != 0)
        check_skip("no control group of version 1 can be made at %s: %s", group, strerror(errno));
    const bool limited = group_write("memory.limit_in_bytes", LIMIT);
    child_result result = {0};
    if (limited)
        result = child_run(in_the_group, NULL);
    rmdir(group);
    if (!limited)
        check_skip("no limit can be set on %s", group);
    child_check_clean(&result);
}
