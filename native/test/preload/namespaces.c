/* Calls that the system allows only to a process with one thread work while the background thread is alive, as they do
 * under the C library's malloc: another mount namespace, a new user namespace. The thread comes back afterwards. */
#define _GNU_SOURCE
#include "check.h"
#include "child.h"
#include "served.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BLOCKS = 64, BYTES = 1 << 20 };

static bool is_alive(void) {
    DIR *tasks = opendir("/proc/self/task");
    bool found = false;
    CHECK(tasks != NULL);
    for (const struct dirent *task; !found && (task = readdir(tasks)) != NULL;) {
        char path[300], name[64] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *file = fopen(path, "re");
        if (file != NULL) {
            found = fgets(name, sizeof name, file) != NULL && strcmp(name, "superslab\n") == 0;
            fclose(file);
        }
    }
    closedir(tasks);
    return found;
}

static void give_reason(void) {
    void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        CHECK((blocks[i] = malloc(BYTES)) != NULL);
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    while (!is_alive())
        usleep(5000);
}

typedef struct trial {
    const char *name;
    int (*call)(void);
} trial;

static int enter_mounts(void) {
    const int file = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    CHECK_GE(file, 0);
    return setns(file, CLONE_NEWNS);
}

static int enter_mounts_by_number(void) {
    const int file = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    CHECK_GE(file, 0);
    return (int)syscall(SYS_setns, file, CLONE_NEWNS);
}

static int leave_user(void) {
    return unshare(CLONE_NEWUSER);
}

static int leave_all(void) {
    return unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS);
}

static int nonsense(void) {
    return unshare(1) == -1 && errno == EINVAL ? 0 : -1;
}

static const trial trials[] = {{"setns mnt", enter_mounts},
                               {"setns mnt by its number", enter_mounts_by_number},
                               {"unshare user", leave_user},
                               {"unshare user, mnt, uts", leave_all},
                               {"unshare of nonsense", nonsense}};

static void without_thread(void *context) {
    const trial *one = context;
    if (one->call() != 0)
        check_skip("%s is not permitted here: %s", one->name, strerror(errno));
}

static void with_thread(void *context) {
    const trial *one = context;
    give_reason();
    CHECK_THAT(one->call() == 0, "%s: %s", one->name, strerror(errno));
    give_reason(); /* waits for the thread to come back */
}

int main(void) {
    setenv("SUPERSLAB_DECAY", "2000", 1); /* of the programs below, which it outlasts */
    if (getenv("NAMESPACES_AGAIN") == NULL) {
        setenv("NAMESPACES_AGAIN", "1", 1);
        execl("/proc/self/exe", "namespaces", (char *)NULL);
    }
    served_api();
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++) {
        child_result result = child_run(without_thread, (void *)&trials[i]);
        child_check_clean(&result);
        result = child_run(with_thread, (void *)&trials[i]);
        child_check_clean(&result);
    }
}
