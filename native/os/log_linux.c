/* A file that is written through mappings of its parts, and memory that marks a copy of this process. */
#define _GNU_SOURCE
#include "os.h"

#include "descriptor_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#define FLAGS (O_RDWR | O_NOFOLLOW)

static bool adopt(int descriptor, ss_os_log *log) {
    log->descriptor = descriptor >= 0 ? ss_os_descriptor_raise(descriptor) : -1;
    return log->descriptor >= 0;
}

ss_os_log_result ss_os_log_create(const char *path, ss_os_log *log) {
    const int saved = errno;
    *log = (ss_os_log){.descriptor = -1};
    ss_os_log_result result = SS_OS_LOG_REFUSED;
    if (adopt(open(path, FLAGS | O_CLOEXEC | O_CREAT | O_EXCL, 0666), log) &&
        ss_os_descriptor_file(log->descriptor, &log->device, &log->inode))
        result = SS_OS_LOG_MADE;
    else if (log->descriptor < 0 && errno == EEXIST)
        result = SS_OS_LOG_EXISTS;
    errno = saved;
    return result;
}

static bool is_file(int descriptor, const ss_os_log *log) {
    uint64_t device, inode;
    return ss_os_descriptor_file(descriptor, &device, &inode) && device == log->device &&
           inode == log->inode;
}

/* The program may have closed every descriptor and have this number for something else now. */
static bool is_open(ss_os_log *log, const char *path) {
    if (is_file(log->descriptor, log))
        return true;
    int again = open(path, FLAGS | O_CLOEXEC);
    if (again >= 0 && !is_file(again, log)) {
        close(again);
        return false;
    }
    return adopt(again, log);
}

/* By syscall: the wrapper is a cancellation point. */
static bool put(const ss_os_log *log, const char *from, size_t bytes, uint64_t at) {
    for (size_t done = 0; done < bytes;) {
        const ssize_t wrote = (ssize_t)syscall(SYS_pwrite64, log->descriptor, from + done,
                                               bytes - done, (off_t)(at + done));
        if (wrote <= 0 && (wrote == 0 || errno != EINTR))
            return false;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return true;
}

/* Reserves the room on the disk, because a store to a mapping without room raises a signal. Some file systems do not
 * support the first call. */
static bool fill(const ss_os_log *log, size_t bytes) {
    static const char zeros[4096];
    int done;
    while ((done = (int)syscall(SYS_fallocate, log->descriptor, 0, (off_t)log->bytes,
                                (off_t)bytes)) != 0 &&
           errno == EINTR)
        ;
    if (done == 0)
        return true;
    if (errno != EOPNOTSUPP && errno != ENOSYS)
        return false;
    for (size_t at = 0; at < bytes; at += sizeof zeros)
        if (!put(log, zeros, bytes - at < sizeof zeros ? bytes - at : sizeof zeros,
                 log->bytes + at))
            return false;
    return true;
}

void *ss_os_log_extend(ss_os_log *log, const char *path, size_t bytes) {
    const int saved = errno;
    void *part = MAP_FAILED;
    if (is_open(log, path) && ss_os_may_grow(log->bytes + bytes) && fill(log, bytes))
        part = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, log->descriptor,
                    (off_t)log->bytes);
    if (part != MAP_FAILED)
        log->bytes += bytes;
    errno = saved;
    return part != MAP_FAILED ? part : NULL;
}

bool ss_os_log_append(ss_os_log *log, const char *path, const void *part, size_t bytes) {
    const int saved = errno;
    const bool done = is_open(log, path) && ss_os_may_grow(log->bytes + bytes) &&
                      put(log, part, bytes, log->bytes);
    log->bytes += bytes;
    errno = saved;
    return done;
}

void ss_os_log_unmap(void *part, size_t bytes) {
    const int saved = errno;
    munmap(part, bytes);
    errno = saved;
}

void ss_os_log_leave(void *part, size_t bytes) {
    const int saved = errno;
    (void)mmap(part, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    errno = saved;
}

void *ss_os_copy_memory(size_t bytes) {
    const int saved = errno;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED && madvise(memory, bytes, MADV_WIPEONFORK) != 0) {
        munmap(memory, bytes);
        memory = MAP_FAILED;
    }
    errno = saved;
    return memory != MAP_FAILED ? memory : NULL;
}
