/* The served processes: the command that was started, node by default, all or none on demand; never a program
 * that has a malloc of its own. The environment is kept in any case. */
#include "check.h"
#include "child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* SUPERSLAB_ROOT of a child. */
typedef enum root { NOT_SET, ITS_ID, ITS_ID_AND_START, ITS_ID_OTHER_START, OTHER_ID } root;

typedef struct run {
    const char *program, *through; /* `through`: a program that becomes the other one by exec */
    const char *children;
    root root;
    bool preload_before; /* another malloc comes before this library */
} run;

static void print_start(char *text, size_t bytes, unsigned more) {
    char line[1024] = "";
    FILE *stat = fopen("/proc/self/stat", "r");
    CHECK(stat != NULL && fgets(line, sizeof line, stat) != NULL);
    fclose(stat);
    unsigned long long start = 0;
    CHECK_EQ(
        sscanf(strrchr(line, ')') + 1,
               " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
               &start),
        1);
    snprintf(text, bytes, "%d:%llu", (int)getpid(), start + more);
}

static void set_root(root wanted) {
    char text[64] = "1";
    if (wanted == NOT_SET) {
        unsetenv("SUPERSLAB_ROOT");
        return;
    }
    if (wanted == ITS_ID)
        snprintf(text, sizeof text, "%d", (int)getpid());
    else if (wanted != OTHER_ID)
        print_start(text, sizeof text, wanted == ITS_ID_OTHER_START);
    setenv("SUPERSLAB_ROOT", text, 1);
}

static void execute(void *context) {
    const run *self = context;
    if (self->children == NULL)
        unsetenv("SUPERSLAB_CHILDREN");
    else
        setenv("SUPERSLAB_CHILDREN", self->children, 1);
    if (self->preload_before)
        setenv("LD_PRELOAD", OTHER_MALLOC ":" PRELOAD, 1);
    set_root(self->root);
    if (self->through != NULL)
        execl(self->through, self->through, self->program, (char *)NULL);
    else
        execl(self->program, self->program, (char *)NULL);
    check_fail(__FILE__, __LINE__, "exec failed");
}

static void check_answer(const run *one, const char *answer) {
    const child_result result = child_run(execute, (void *)one);
    CHECK_THAT(result.code == 0 && result.signal == 0 && strcmp(result.text, answer) == 0,
               "%s, children %s, root %d: %s", one->program,
               one->children != NULL ? one->children : "not set", (int)one->root, result.text);
}

static void check_serves(run one) {
    check_answer(&one, "serves kept\n");
}

static void check_passes(run one) {
    check_answer(&one, "passes kept\n");
}

int main(void) {
    check_passes((run){.program = PROGRAM_PLAIN});
    check_passes((run){.program = PROGRAM_PLAIN, .children = "node"});
    check_passes((run){.program = PROGRAM_PLAIN, .children = "none"});
    check_passes((run){.program = PROGRAM_PLAIN, .children = "nonsense"});
    check_serves((run){.program = PROGRAM_PLAIN, .children = "all"});

    check_serves((run){.program = PROGRAM_NODE});
    check_serves((run){.program = PROGRAM_NODE, .children = "node"});
    check_serves((run){.program = PROGRAM_NODE, .children = "all"});
    check_passes((run){.program = PROGRAM_NODE, .children = "none"});
    check_serves((run){.program = PROGRAM_NODE, .through = PROGRAM_PLAIN});

    check_serves((run){.program = PROGRAM_PLAIN, .root = ITS_ID});
    check_serves((run){.program = PROGRAM_PLAIN, .root = ITS_ID_AND_START});
    check_serves((run){.program = PROGRAM_PLAIN, .root = ITS_ID, .children = "none"});
    check_serves(
        (run){.program = PROGRAM_PLAIN, .through = PROGRAM_PLAIN, .root = ITS_ID_AND_START});
    check_passes((run){.program = PROGRAM_PLAIN, .root = ITS_ID_OTHER_START});
    check_passes((run){.program = PROGRAM_PLAIN, .root = OTHER_ID});

    check_passes((run){.program = PROGRAM_OWN_MALLOC, .children = "all"});
    check_passes((run){.program = PROGRAM_OWN_MALLOC, .root = ITS_ID});
    check_passes((run){.program = PROGRAM_PLAIN, .children = "all", .preload_before = true});
}
