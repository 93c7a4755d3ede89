/* Near the limit of its container a process that holds much of what is used writes one report, which adds up its
 * resident memory by holder. A process that holds little writes none. The test makes the files of the container. */
#include "background/pressure.h"

#include "background.h"
#include "check.h"
#include "files.h"
#include "rss.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MEBIBYTE = 1 << 20, LIVE = 32, MAPPED = 16, LONG = 600 };

static char report_file[512], text[8192];

static void set_used(const char *bytes) {
    files_write("sys/fs/cgroup/app/memory.current", bytes);
}

static bool is_complete(void) {
    FILE *file = fopen(report_file, "r");
    if (file == NULL)
        return false;
    const size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    fclose(file);
    return strstr(text, "superslab: end of the report\n") != NULL;
}

/* The number of a row, in tenths of a MiB. */
static unsigned tenths(const char *name) {
    const char *row = strstr(text, name);
    unsigned whole, tenth;
    CHECK(row != NULL);
    row += strlen(name);
    CHECK_EQ(sscanf(row, " %u.%u MiB", &whole, &tenth), 2);
    return 10 * whole + tenth;
}

static void check_rows(void) {
    const unsigned all = tenths("in all");
    const unsigned known[] = {tenths("superslab: Buffers, addons, Node itself"),
                              tenths("files: code and constants"),
                              tenths("other anonymous memory")};
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        sum += known[i];
    CHECK_GE(known[0], 10 * LIVE);
    CHECK_LE(known[0], 10 * (LIVE + 8));
    CHECK_GE(known[2], 10 * MAPPED);
    CHECK_LE(sum, all + 2);
    CHECK_GE(sum + 20, all); /* the C library's heap, data, the stack */
    CHECK_GE(tenths("live blocks"), 10 * LIVE);
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        CHECK_EQ(strncmp(line, "superslab: ", 11), 0);
        CHECK_LE(strcspn(line, "\n"), 80);
    }
}

int main(void) {
    if (CHECK_SANITIZED || CHECK_EMULATED)
        check_skip("a sanitizer or an emulator has memory of its own");
    scavenger_must_be_visible();
    files_write("proc/self/cgroup", "0::/app\n");
    files_write("proc/self/mountinfo", "30 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    files_write("sys/fs/cgroup/app/memory.max", "100000000000\n");
    set_used("95000000000\n"); /* of which this process holds little */
    ss_container_root = files_directory();
    snprintf(report_file, sizeof report_file, "%s/report", files_directory());
    ss_pressure_report_to(report_file);

    char *mapped = mmap(NULL, (size_t)MAPPED * MEBIBYTE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mapped != MAP_FAILED);
    memset(mapped, 1, (size_t)MAPPED * MEBIBYTE);
    void *live = superslab_malloc((size_t)LIVE * MEBIBYTE);
    CHECK(live != NULL);
    memset(live, 1, (size_t)LIVE * MEBIBYTE);
    wait_until(scavenger_is_running);
    wait_idle(LONG);
    CHECK(!is_complete());

    /* The container's limits are read when the scavenger starts, so the use alone changes. */
    wait_until(scavenger_is_gone);
    files_write("sys/fs/cgroup/app/memory.max", "100000000\n");
    set_used("95000000\n");
    void *more = superslab_malloc(8 * MEBIBYTE);
    memset(more, 1, 8 * MEBIBYTE);
    superslab_free(more);
    wait_until(is_complete);
    check_rows();

    CHECK_EQ(remove(report_file), 0);
    set_used("10000000\n");
    wait_idle(LONG);
    set_used("95000000\n");
    superslab_free(superslab_malloc(8 * MEBIBYTE));
    wait_idle(LONG);
    CHECK(!is_complete()); /* not again so soon */
    superslab_free(live);
    files_remove();
    return 0;
}
