#define _GNU_SOURCE
#include "execute.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Node's own descriptors are these: epoll and event descriptors, the null device, and pipes of which it
 * has both ends. Both ends may be handed down as well (make's job server is such a pipe): then the
 * parent has it too, as it has the null device under the same number. */

enum { NAME_BYTES = 64, PATH_BYTES = 320 };

/* The kernel's name of a descriptor, truncated: "pipe:[12345]". */
static const char *name_of(const char *folder, const char *descriptor, char name[NAME_BYTES]) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder, descriptor);
    ssize_t length = readlink(path, name, NAME_BYTES - 1);
    name[length < 0 ? 0 : length] = '\0';
    return name;
}

static const char *own_name(int descriptor, char name[NAME_BYTES]) {
    char number[16];
    snprintf(number, sizeof number, "%d", descriptor);
    return name_of("/proc/self/fd", number, name);
}

static const char *parents_name(int descriptor, char name[NAME_BYTES]) {
    char number[32];
    snprintf(number, sizeof number, "%d/fd/%d", (int)getppid(), descriptor);
    return name_of("/proc", number, name);
}

static bool parent_has(const char *wanted) {
    char path[PATH_BYTES], name[NAME_BYTES];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)getppid());
    DIR *folder = opendir(path);
    bool found = false;
    struct dirent *entry;
    while (folder != NULL && !found && (entry = readdir(folder)) != NULL)
        found = strcmp(name_of(path, entry->d_name, name), wanted) == 0;
    if (folder != NULL)
        closedir(folder);
    return found;
}

bool ss_os_is_inherited(const int *open, unsigned count, int descriptor) {
    char name[NAME_BYTES], other[NAME_BYTES];
    own_name(descriptor, name);
    if (strncmp(name, "anon_inode:", 11) == 0)
        return false;
    if (strcmp(name, "/dev/null") == 0)
        return strcmp(parents_name(descriptor, other), name) == 0;
    if (strncmp(name, "pipe:", 5) != 0)
        return true;
    for (unsigned i = 0; i < count; i++)
        if (open[i] != descriptor && strcmp(own_name(open[i], other), name) == 0)
            return parent_has(name);
    return true;
}

bool ss_os_has_capabilities(const char *file) {
    struct statvfs system;
    const bool ignored = statvfs(file, &system) == 0 && (system.f_flag & ST_NOSUID) != 0;
    return !ignored && getxattr(file, "security.capability", NULL, 0) > 0;
}

/* Node raises the soft limit of open files to the hard one. The old soft limit is the parent's, if their hard
 * limits agree. */
void ss_os_limits_restore(void) {
    struct rlimit own, parents;
    if (getrlimit(RLIMIT_NOFILE, &own) == 0 &&
        prlimit(getppid(), RLIMIT_NOFILE, NULL, &parents) == 0 &&
        parents.rlim_max == own.rlim_max && parents.rlim_cur < own.rlim_cur)
        setrlimit(RLIMIT_NOFILE, &parents);
}
