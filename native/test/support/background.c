#include "background.h"

#include "check.h"
#include "stats.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REASON_BYTES = 16 << 20 };

void wait_idle(unsigned milliseconds) {
    struct timespec time = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    nanosleep(&time, NULL);
}

void wait_until(bool (*done)(void)) {
    while (!done())
        wait_idle(5);
}

bool scavenger_has_given_back(void) {
    const superslab_stats now = stats_now();
    return now.cached_blocks == 0 && now.dirty_bytes == 0;
}

bool scavenger_gives_back(void) {
    const bool done = scavenger_has_given_back();
    if (!done && scavenger_is_gone())
        superslab_free(superslab_malloc(REASON_BYTES));
    return done;
}

static bool read_line(const char *path, const char *name, char *value, size_t bytes) {
    char line[512];
    bool found = false;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    const size_t length = strlen(name);
    while (!found && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, length) != 0)
            continue;
        const char *start = line + length;
        start += strspn(start, ":\t ");
        snprintf(value, bytes, "%.*s", (int)strcspn(start, "\n"), start);
        found = true;
    }
    fclose(file);
    return found;
}

/* The number of the thread, or 0. */
static long find(void) {
    long found = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL)
        return 0;
    for (const struct dirent *task; found == 0 && (task = readdir(tasks)) != NULL;) {
        char path[300], name[64];
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        if (read_line(path, "", name, sizeof name) && strcmp(name, "superslab") == 0)
            found = strtol(task->d_name, NULL, 10);
    }
    closedir(tasks);
    return found;
}

bool scavenger_is_running(void) {
    return find() != 0;
}

bool scavenger_is_gone(void) {
    return find() == 0;
}

bool scavenger_status(const char *name, char *value, size_t bytes) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%ld/status", find());
    return read_line(path, name, value, bytes);
}

int scavenger_open_files(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%ld/fd", find());
    DIR *files = opendir(path);
    int count = -1;
    if (files == NULL)
        return -1;
    for (const struct dirent *file; (file = readdir(files)) != NULL;)
        if (file->d_name[0] != '.')
            count++;
    closedir(files);
    return count + 1;
}

void scavenger_must_be_visible(void) {
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL)
        check_skip("there is no /proc to list threads by");
    closedir(tasks);
}
