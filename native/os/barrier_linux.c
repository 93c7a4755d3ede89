/* The barrier on other threads, by membarrier(2). */
#define _GNU_SOURCE
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef STATX_NLINK
#include <linux/stat.h> /* musl has it from 1.2.4 on */
#endif

/* As in linux/membarrier.h, which old systems lack. */
#define MEMBARRIER_PRIVATE_EXPEDITED (1 << 3)
#define MEMBARRIER_REGISTER_PRIVATE_EXPEDITED (1 << 4)

/* The kernel refuses the barrier to a process that has not registered for it. To register takes the end of an RCU grace
 * period, 6 to 30 ms, if the process has several threads, and nothing otherwise. */
bool ss_os_barrier(void) {
    const int saved = errno;
    long answer = syscall(SYS_membarrier, MEMBARRIER_PRIVATE_EXPEDITED, 0, 0);
    if (answer != 0 && errno == EPERM) {
        syscall(SYS_membarrier, MEMBARRIER_REGISTER_PRIVATE_EXPEDITED, 0, 0);
        answer = syscall(SYS_membarrier, MEMBARRIER_PRIVATE_EXPEDITED, 0, 0);
    }
    errno = saved;
    return answer == 0;
}

/* A directory has two links, and one more for each directory in it. */
bool ss_os_is_alone(void) {
    const int saved = errno;
    struct statx tasks;
    const long answer = syscall(SYS_statx, AT_FDCWD, "/proc/self/task", 0, STATX_NLINK, &tasks);
    errno = saved;
    return answer == 0 && tasks.stx_nlink == 3;
}
