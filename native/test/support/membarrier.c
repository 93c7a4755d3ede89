#include "membarrier.h"

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>

enum { CMD_QUERY = 0, CMD_PRIVATE_EXPEDITED = 1 << 3 };

bool membarrier_available(void) {
    const long commands = syscall(SYS_membarrier, CMD_QUERY, 0, 0);
    return commands > 0 && (commands & CMD_PRIVATE_EXPEDITED) != 0;
}
#else
bool membarrier_available(void) {
    return false;
}
#endif
