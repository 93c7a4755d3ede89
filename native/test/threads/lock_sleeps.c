/* A thread that waits for a lock for long sleeps: a yield does not give way to a thread of a lower priority, which
 * may be the one that has the lock. The holder waits here until the system counts a sleep of the waiting thread. */
#include "base/lock.h"
#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LOOKS = 20000, LOOK_MICROSECONDS = 1000 };

static ss_lock lock;
static _Atomic int waiter;

static unsigned long sleeps_of(int thread) {
    char path[64], line[128];
    unsigned long sleeps = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "voluntary_ctxt_switches: %lu", &sleeps) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return sleeps;
}

static void *wait_for_it(void *unused) {
    atomic_store(&waiter, (int)syscall(SYS_gettid));
    ss_lock_take(&lock);
    ss_lock_release(&lock);
    return unused;
}

int main(void) {
#ifndef __linux__
    check_skip("there is no such count on this system");
#endif
    pthread_t thread;
    ss_lock_take(&lock);
    CHECK_EQ(pthread_create(&thread, NULL, wait_for_it, NULL), 0);
    while (atomic_load(&waiter) == 0)
        usleep(LOOK_MICROSECONDS);
    const unsigned long before = sleeps_of(atomic_load(&waiter));
    unsigned looks = 0;
    while (looks < LOOKS && sleeps_of(atomic_load(&waiter)) < before + 2)
        looks++, usleep(LOOK_MICROSECONDS);
    ss_lock_release(&lock);
    pthread_join(thread, NULL);
    CHECK_LT(looks, LOOKS);
}
