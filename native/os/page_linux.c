/* The page that a process shares with all processes that may open its /proc/PID/fd. */
#define _GNU_SOURCE
#include "os.h"

#include "descriptor_linux.h"
#include "digits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef STATX_INO
#include <linux/stat.h> /* musl has it from 1.2.4 on */
#endif

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#define MFD_CLOEXEC_FLAG 1u
#define MFD_ALLOW_SEALING_FLAG 2u

/* Above the numbers that programs count on, below the limit of select, and low enough that the table of
 * descriptors stays small. */
#define DESCRIPTOR_FIRST 900u

typedef struct descriptor_table {
    uint64_t size, threads; /* 0 where the system does not say */
} descriptor_table;

/* Of /proc/self/status: "FDSize:\t256". */
static bool status_line(const char *line, void *context) {
    descriptor_table *table = context;
    uint64_t *number = strncmp(line, "FDSize:", 7) == 0    ? &table->size
                       : strncmp(line, "Threads:", 8) == 0 ? &table->threads
                                                           : NULL;
    if (number == NULL)
        return false;
    const char *at = strchr(line, ':') + 1;
    while (*at == ' ' || *at == '\t')
        at++;
    *number = ss_os_digits(at, NULL);
    return number == &table->threads; /* comes after the other */
}

/* The number up to which the table of descriptors can be filled cheaply. When threads share the table, the
 * kernel waits some milliseconds for all processors before it extends the table, so then the number must
 * be inside the present one. */
static rlim_t table_limit(void) {
    descriptor_table table = {0, 0};
    ss_os_read_lines("/proc/self/status", status_line, &table);
    return table.size == 0 || table.threads == 1 ? RLIM_INFINITY : table.size;
}

int ss_os_descriptor_raise(int descriptor) {
    struct rlimit limit = {0, 0};
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t table = table_limit(), most = limit.rlim_cur < table ? limit.rlim_cur : table;
    rlim_t first = most > DESCRIPTOR_FIRST ? DESCRIPTOR_FIRST : most / 8 * 7;
    int high = fcntl(descriptor, F_DUPFD_CLOEXEC, (int)first);
    syscall(SYS_close, descriptor);
    return high;
}

bool ss_os_may_grow(uint64_t bytes) {
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur >= bytes;
}

/* By the system call: fstat is a new function of the C library. */
bool ss_os_descriptor_file(int descriptor, uint64_t *device, uint64_t *inode) {
    struct statx file;
    if (syscall(SYS_statx, descriptor, "", AT_EMPTY_PATH, STATX_INO, &file) != 0)
        return false;
    *device = (uint64_t)file.stx_dev_major << 32 | file.stx_dev_minor;
    *inode = file.stx_ino;
    return true;
}

bool ss_os_page_share(const char *name, ss_os_page *page) {
    int saved = errno;
    size_t bytes = ss_os_page_bytes();
    void *start = MAP_FAILED;
    int descriptor = -1;
    if (ss_os_may_grow(bytes))
        descriptor =
            (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC_FLAG | MFD_ALLOW_SEALING_FLAG);
    if (descriptor >= 0)
        descriptor = ss_os_descriptor_raise(descriptor);
    if (descriptor >= 0 && ftruncate(descriptor, (off_t)bytes) == 0 &&
        ss_os_descriptor_file(descriptor, &page->device, &page->inode))
        start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (start != MAP_FAILED) {
        /* Only this mapping may write, from Linux 5.1 on; before, other processes of the same user can too. */
        const int seals = F_SEAL_SHRINK | F_SEAL_GROW;
        if (fcntl(descriptor, F_ADD_SEALS, seals | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0)
            fcntl(descriptor, F_ADD_SEALS, seals | F_SEAL_SEAL);
        page->start = start;
        page->descriptor = descriptor;
    } else if (descriptor >= 0) {
        syscall(SYS_close, descriptor);
    }
    errno = saved;
    return start != MAP_FAILED;
}

void ss_os_page_unshare(const ss_os_page *page) {
    int saved = errno;
    uint64_t device, inode;
    munmap(page->start, ss_os_page_bytes());
    /* The program may have closed every descriptor and have this number for something else now. */
    if (ss_os_descriptor_file(page->descriptor, &device, &inode) && device == page->device &&
        inode == page->inode)
        syscall(SYS_close, page->descriptor);
    errno = saved;
}

int ss_os_page_open(const ss_os_page *page) {
    static const char folder[] = "/proc/self/fd/";
    char path[sizeof folder + 12], digits[12];
    unsigned count = 0, at = sizeof folder - 1;
    uint64_t device, inode;
    const int saved = errno;
    memcpy(path, folder, sizeof folder);
    for (unsigned number = (unsigned)page->descriptor; number != 0 || count == 0; number /= 10)
        digits[count++] = (char)('0' + number % 10);
    while (count != 0)
        path[at++] = digits[--count];
    path[at] = '\0';
    int descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    /* The program may have closed the page's descriptor, and have this number for something else now. */
    if (descriptor >= 0 && (!ss_os_descriptor_file(descriptor, &device, &inode) ||
                            device != page->device || inode != page->inode)) {
        syscall(SYS_close, descriptor);
        descriptor = -1;
    }
    errno = saved;
    return descriptor;
}

bool ss_os_page_locked(int descriptor, uint64_t start, uint64_t end, uint64_t *at,
                       uint64_t *count) {
    const int saved = errno;
    struct flock lock = {.l_type = F_WRLCK,
                         .l_whence = SEEK_SET,
                         .l_start = (off_t)start,
                         .l_len = (off_t)(end - start)};
    const bool found =
        syscall(SYS_fcntl, descriptor, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    *at = (uint64_t)lock.l_start;
    *count = (uint64_t)lock.l_len;
    errno = saved;
    return found;
}

int ss_os_memory_file(const char *name) {
    const int saved = errno;
    const int file = (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC_FLAG);
    errno = saved;
    return file;
}

void ss_os_close(int descriptor) {
    const int saved = errno;
    syscall(SYS_close, descriptor);
    errno = saved;
}

uint32_t ss_os_thread_number(void) {
    return (uint32_t)syscall(SYS_gettid);
}
