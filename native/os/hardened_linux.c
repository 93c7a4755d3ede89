/* What the hardened libraries alone ask of the system. */
#define _GNU_SOURCE
#include "os.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NO_WAIT 1u /* GRND_NONBLOCK: early in the system's start there may be too little entropy */

uint64_t ss_os_random(void) {
    const int saved = errno;
    uint64_t drawn = 0;
    if (syscall(SYS_getrandom, &drawn, sizeof drawn, NO_WAIT) != (long)sizeof drawn) {
        /* Refused by a sandbox, or before Linux 3.17. The kernel gives each process 16 random bytes; these and the clock,
         * mixed as by splitmix64. */
        const void *bytes = (const void *)getauxval(AT_RANDOM);
        uint64_t half[2] = {0, 0};
        if (bytes != NULL)
            memcpy(half, bytes, sizeof half);
        drawn = half[0] ^ (half[1] << 32 | half[1] >> 32) ^ ss_os_clock_nanoseconds();
        drawn = (drawn ^ drawn >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        drawn = (drawn ^ drawn >> 27) * UINT64_C(0x94d049bb133111eb);
        drawn ^= drawn >> 31;
    }
    errno = saved;
    return drawn;
}

bool ss_os_shut(void *start, size_t bytes) {
    const int saved = errno;
    const bool done = mprotect(start, bytes, PROT_NONE) == 0;
    errno = saved;
    return done;
}
