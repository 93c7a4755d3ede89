/* What the system tells a process of its own memory, and ways to write about it from a thread that has no files of the
 * program's: see thread_linux.c. */
#define _GNU_SOURCE
#include "os.h"

#include "digits.h"
#include "maps_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* ---- mappings ---- */

typedef struct smaps_walk {
    ss_os_visit_area *visit;
    void *context;
    bool any; /* `mapping` is one that is not visited yet */
    ss_os_area mapping;
} smaps_walk;

/* The field of a line "START-END PERMISSIONS OFFSET DEVICE INODE NAME" after `count` blanks or runs of blanks. */
static const char *field_after(const char *line, unsigned count) {
    for (; count != 0; count--) {
        line += strcspn(line, " ");
        line += strspn(line, " ");
    }
    return line;
}

static void mapping_begin(smaps_walk *walk, const char *line) {
    ss_os_area *one = &walk->mapping;
    *one = (ss_os_area){.start = 0};
    const char *access = ss_os_maps_line(line, &one->start, &one->end) + 1;
    one->readable = access[0] == 'r';
    one->writable = access[1] == 'w';
    one->executable = access[2] == 'x';
    one->shared = access[3] == 's';
    one->is_file = ss_os_digits(field_after(access, 3), NULL) != 0;
    const char *name = field_after(access, 4);
    /* The end of a long path says most. */
    const size_t length = strlen(name), room = sizeof one->name - 1;
    strncpy(one->name, length > room ? name + (length - room) : name, room);
    walk->any = true;
}

/* "Rss:                 132 kB" */
static bool kibibytes(const char *line, const char *name, uint64_t *bytes) {
    const size_t length = strlen(name);
    if (strncmp(line, name, length) != 0)
        return false;
    line += length;
    *bytes = 1024 * ss_os_digits(line + strspn(line, " "), NULL);
    return true;
}

static bool smaps_line(const char *line, void *context) {
    smaps_walk *walk = context;
    const char first = line[0];
    if ((first >= '0' && first <= '9') || (first >= 'a' && first <= 'f')) {
        if (walk->any)
            walk->visit(&walk->mapping, walk->context);
        mapping_begin(walk, line);
    } else if (strncmp(line, "VmFlags:", 8) == 0) {
        walk->mapping.not_forked = strstr(line, " dc") != NULL;
        walk->mapping.not_charged = strstr(line, " nr") != NULL;
    } else if (!kibibytes(line, "Rss:", &walk->mapping.resident)) {
        kibibytes(line, "Anonymous:", &walk->mapping.anonymous);
    }
    return false;
}

void ss_os_each_area(ss_os_visit_area *visit, void *context) {
    smaps_walk walk = {.visit = visit, .context = context};
    ss_os_read_lines("/proc/self/smaps", smaps_line, &walk);
    if (walk.any)
        visit(&walk.mapping, context);
}

/* "SIZE RESIDENT SHARED ...", in pages. */
uint64_t ss_os_resident_bytes(void) {
    char text[128];
    return ss_os_read_file("/proc/self/statm", text, sizeof text)
               ? ss_os_digits(field_after(text, 1), NULL) * ss_os_page_bytes()
               : 0;
}

/* ---- writing ---- */

/* Does not wait: a pipe that nothing reads must not stop the caller. A pipe that poll finds writable has room for
 * PIPE_BUF bytes, which the contract allows. */
static bool write_at_once(int file, const char *text, size_t bytes) {
    struct pollfd one = {.fd = file, .events = POLLOUT};
    struct timespec none = {0, 0};
    return syscall(SYS_ppoll, &one, 1L, &none, NULL, 0L) == 1 && (one.revents & POLLOUT) != 0 &&
           syscall(SYS_write, file, text, bytes) == (long)bytes;
}

static bool write_and_close(long file, const char *text, size_t bytes) {
    if (file < 0)
        return false;
    const bool done = write_at_once((int)file, text, bytes);
    syscall(SYS_close, file);
    return done;
}

bool ss_os_append(const char *path, const char *text, size_t bytes) {
    int saved = errno;
    const long flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    const bool done =
        write_and_close(syscall(SYS_openat, AT_FDCWD, path, flags, 0666), text, bytes);
    errno = saved;
    return done;
}

bool ss_os_write_error_of_process(const char *text, size_t bytes) {
    int saved = errno;
    /* A copy of the program's descriptor; sandboxes may forbid it. */
    const long process = syscall(SYS_pidfd_open, (long)getpid(), 0L);
    bool done = false;
    if (process >= 0) {
        done = write_and_close(syscall(SYS_pidfd_getfd, process, 2L, 0L), text, bytes);
        syscall(SYS_close, process);
    }
    /* Opens the file anew; a socket cannot be, nor the pipe of another user. */
    if (!done) {
        const long flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
        const long file = syscall(SYS_openat, AT_FDCWD, "/proc/self/fd/2", flags);
        done = write_and_close(file, text, bytes);
    }
    errno = saved;
    return done;
}
