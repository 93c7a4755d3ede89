#include "execute.h"

#include "digits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Node marks all descriptors that it inherits close-on-exec. */

enum { DESCRIPTOR_MAX = 1 << 16 };

/* Lists the open descriptors; returns their number, at most `room`. */
static unsigned list_open(int *open, unsigned room) {
    unsigned count = 0;
    DIR *folder = opendir("/dev/fd");
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL && count < room) {
        const char *end;
        const int descriptor = (int)ss_os_digits(entry->d_name, &end);
        if (end != entry->d_name && descriptor != dirfd(folder))
            open[count++] = descriptor;
    }
    if (folder != NULL)
        closedir(folder);
    return count;
}

static void hand_descriptors_down(void) {
    int *open = malloc(DESCRIPTOR_MAX * sizeof *open);
    unsigned count = open == NULL ? 0 : list_open(open, DESCRIPTOR_MAX);
    for (unsigned i = 0; i < count; i++) {
        int flags = fcntl(open[i], F_GETFD);
        if (flags >= 0 && (flags & FD_CLOEXEC) != 0 &&
            (open[i] <= STDERR_FILENO || ss_os_is_inherited(open, count, open[i])))
            fcntl(open[i], F_SETFD, flags & ~FD_CLOEXEC);
    }
    free(open);
}

/* Node ignores these; a program is started with the defaults. */
static void restore_signals(void) {
    static const int ignored[] = {SIGPIPE, SIGXFSZ};
    for (unsigned i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_DFL);
}

/* ---- the environment ---- */

extern char **environ;

static bool is_same_name(const char *one, const char *other) {
    size_t length = strcspn(one, "=");
    return strncmp(one, other, length) == 0 && other[length] == '=';
}

static bool is_changed(char *const changes[], const char *variable) {
    for (; *changes != NULL; changes++)
        if (is_same_name(*changes, variable))
            return true;
    return false;
}

static size_t length_of(char *const list[]) {
    size_t length = 0;
    while (list[length] != NULL)
        length++;
    return length;
}

static char **changed_environment(char *const changes[]) {
    char **all = malloc((length_of(environ) + length_of(changes) + 1) * sizeof *all), **next = all;
    if (all == NULL)
        return NULL;
    for (char **variable = environ; *variable != NULL; variable++)
        if (!is_changed(changes, *variable))
            *next++ = *variable;
    for (; *changes != NULL; changes++)
        *next++ = *changes;
    *next = NULL;
    return all;
}

int ss_os_execute(const char *file, char *const arguments[], char *const changes[]) {
    char **environment = changed_environment(changes);
    if (environment == NULL)
        return ENOMEM;
    restore_signals();
    ss_os_limits_restore();
    hand_descriptors_down();
    execve(file, arguments, environment);
    int error = errno;
    free(environment);
    return error;
}
