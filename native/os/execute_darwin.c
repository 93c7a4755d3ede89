#include "execute.h"

#include <sys/stat.h>

/* The descriptors and limits of another process cannot be read here. */

/* Files and sockets are handed down; Node's own descriptors are queues and pipes, and a pipe that was
 * handed down cannot be told from them. */
bool ss_os_is_inherited(const int *open, unsigned count, int descriptor) {
    struct stat what;
    (void)open, (void)count;
    return fstat(descriptor, &what) == 0 &&
           (S_ISREG(what.st_mode) || S_ISDIR(what.st_mode) || S_ISSOCK(what.st_mode));
}

bool ss_os_has_capabilities(const char *file) {
    (void)file; /* macOS has no capabilities */
    return false;
}

void ss_os_limits_restore(void) {}
