/* Chooses the processes that are served: the command that `superslab run` became, and below it node by default, or
 * all or no other processes on demand. The environment is passed on unchanged, so that a node below a shell is
 * served too. */
#include "preload.h"

#include "os/digits.h"
#include "os/image.h"
#include "os/os.h"

#include <string.h>

/* SUPERSLAB_ROOT is the command's process id and, after a colon, its start time, which distinguishes it from a
 * later process, or one of another namespace, with the same id. */
bool preload_is_command(void) {
    const char *root = ss_os_environment("SUPERSLAB_ROOT");
    if (root == NULL)
        return false;
    const char *end;
    uint64_t process = ss_os_digits(root, &end);
    if (end == root || process != ss_os_process_id())
        return false;
    return *end != ':' || ss_os_digits(end + 1, NULL) == ss_os_process_start();
}

static bool is_node(void) {
    return ss_os_symbol_exists("napi_create_function");
}

bool preload_is_wanted(void) {
    const char *children = ss_os_environment("SUPERSLAB_CHILDREN");
    if (preload_is_command())
        return true;
    if (children != NULL && strcmp(children, "all") == 0)
        return true;
    return (children == NULL || strcmp(children, "none") != 0) && is_node();
}
