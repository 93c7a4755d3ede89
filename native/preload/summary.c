/* One line of statistics when the process ends, if SUPERSLAB_STATS asks for it: to stderr, or appended
 * to a file if it is a path. */
#include "preload.h"

#include "background/pressure.h"
#include "os/image.h"
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void preload_command_line(char *text, size_t bytes) {
    size_t length = ss_os_command_line(text, bytes - 1);
    while (length > 0 && text[length - 1] == '\0')
        length--;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == '"' || text[i] == 127)
            text[i] = ' ';
    text[length] = '\0';
}

size_t preload_summary(char *text, size_t bytes) {
    superslab_stats now;
    char command[200];
    superslab_get_stats(&now);
    preload_command_line(command, sizeof command);
    int length = snprintf(
        text, bytes,
        "superslab: pid=%llu live_bytes=%ju live_blocks=%ju cached_bytes=%ju slab_free_bytes=%ju "
        "dirty_bytes=%ju metadata_bytes=%ju committed_bytes=%ju given_back_bytes=%ju threads=%ju "
        "foreign_frees=%ju lost_bytes=%ju command=\"%s\"\n",
        (unsigned long long)ss_os_process_id(), (uintmax_t)now.live_bytes,
        (uintmax_t)now.live_blocks, (uintmax_t)now.cached_bytes, (uintmax_t)now.slab_free_bytes,
        (uintmax_t)now.dirty_bytes, (uintmax_t)now.metadata_bytes, (uintmax_t)now.committed_bytes,
        (uintmax_t)now.given_back_bytes, (uintmax_t)now.thread_count, (uintmax_t)now.foreign_frees,
        (uintmax_t)now.lost_bytes, command);
    return length < 0 ? 0 : (size_t)length < bytes ? (size_t)length : bytes - 1;
}

static void append(const char *file, const char *text, size_t bytes) {
    int descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor < 0)
        return;
    /* One write, so that lines of several processes do not mix. */
    ssize_t wrote = write(descriptor, text, bytes);
    (void)wrote;
    close(descriptor);
}

/* Read when the library is loaded: the program may change its environment. */
SS_SPARSE char preload_target[1024];
/* The same as an absolute path, for the thread that reports: it has a working directory of its own. */
SS_SPARSE static char report_target[2048];

static bool is_path(const char *wanted) {
    return strchr(wanted, '/') != NULL;
}

/* False if the working directory is not known or too long. */
static bool make_absolute(const char *path, char *text, size_t bytes) {
    text[0] = '\0';
    if (path[0] != '/' && getcwd(text, bytes) == NULL)
        return false;
    const size_t length = strlen(text);
    const int wrote = snprintf(text + length, bytes - length, "%s%s", length != 0 ? "/" : "", path);
    return wrote >= 0 && (size_t)wrote < bytes - length;
}

__attribute__((constructor)) static void summary_wanted(void) {
    const char *wanted = ss_os_environment("SUPERSLAB_STATS");
    if (wanted != NULL && strcmp(wanted, "0") == 0)
        return;
    if (wanted != NULL)
        strncpy(preload_target, wanted, sizeof preload_target - 1);
    if (!preload_serves())
        return;
    if (!is_path(preload_target) ||
        !make_absolute(preload_target, report_target, sizeof report_target))
        report_target[0] = '\0';
    ss_pressure_report_to(report_target);
}

__attribute__((destructor)) static void summary_print(void) {
    if (preload_target[0] == '\0' || !preload_serves())
        return;
    int saved = errno;
    char text[PRELOAD_SUMMARY_BYTES];
    size_t bytes = preload_summary(text, sizeof text);
    if (is_path(preload_target))
        append(preload_target, text, bytes);
    else
        ss_os_write_error(text, bytes);
    errno = saved;
}
