/* The served processes: all without SUPERSLAB_CHILDREN; with it the command that was started, and node, all or none
 * of the others; never a program that has a malloc of its own, which ends if the variable has `require`. The
 * environment is kept in any case. */
#include "check.h"
#include "child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The process that the word root= of a child's SUPERSLAB_CHILDREN names. */
typedef enum root {
    NOT_SET,
    ITS_ID,
    ITS_ID_AND_START,
    ITS_ID_OTHER_START,
    OTHER_ID,
    MALFORMED
} root;

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

/* Appends the word to the value; the first word has no comma before it. */
static void add_root(char *value, size_t bytes, root wanted) {
    char text[64] = "1";
    if (wanted == NOT_SET)
        return;
    if (wanted == ITS_ID)
        snprintf(text, sizeof text, "%d", (int)getpid());
    else if (wanted == MALFORMED)
        snprintf(text, sizeof text, "x%d", (int)getpid());
    else if (wanted != OTHER_ID)
        print_start(text, sizeof text, wanted == ITS_ID_OTHER_START);
    const size_t length = strlen(value);
    snprintf(value + length, bytes - length, "%sroot=%s", length == 0 ? "" : ",", text);
}

static void execute(void *context) {
    const run *self = context;
    char children[128] = "";
    if (self->children != NULL)
        snprintf(children, sizeof children, "%s", self->children);
    add_root(children, sizeof children, self->root);
    if (self->children == NULL && self->root == NOT_SET)
        unsetenv("SUPERSLAB_CHILDREN");
    else
        setenv("SUPERSLAB_CHILDREN", children, 1);
    if (self->preload_before)
        setenv("LD_PRELOAD", OTHER_MALLOC ":" PRELOAD, 1);
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

/* The line on stderr, then the exit. */
static void check_ends(run one) {
    const child_result result = child_run(execute, &one);
    CHECK_THAT(result.code == 125 && strstr(result.text, "ends, because another malloc") != NULL &&
                   strstr(result.text, "serves kept") == NULL,
               "%s, children %s: %d, %s", one.program, one.children, result.code, result.text);
}

/* A word that is unknown is reported and ignored. */
static void check_complains(run one, const char *answer) {
    char expected[256];
    snprintf(
        expected, sizeof expected,
        "superslab: SUPERSLAB_CHILDREN=%s is ignored: it takes node, all or none, and ,require "
        "after it\n%s",
        one.children, answer);
    check_answer(&one, expected);
}

int main(void) {
    check_serves((run){.program = PROGRAM_PLAIN});
    check_serves((run){.program = PROGRAM_PLAIN, .children = ""});
    check_serves((run){.program = PROGRAM_PLAIN, .root = OTHER_ID});
    check_passes((run){.program = PROGRAM_PLAIN, .children = "node"});
    check_passes((run){.program = PROGRAM_PLAIN, .children = "none"});
    check_serves((run){.program = PROGRAM_PLAIN, .children = "all"});
    check_complains((run){.program = PROGRAM_PLAIN, .children = "nonsense"}, "serves kept\n");
    check_complains((run){.program = PROGRAM_PLAIN, .children = "nodejs,none"}, "passes kept\n");

    check_serves((run){.program = PROGRAM_NODE});
    check_serves((run){.program = PROGRAM_NODE, .children = "node"});
    check_serves((run){.program = PROGRAM_NODE, .children = "all"});
    check_passes((run){.program = PROGRAM_NODE, .children = "none"});
    check_serves((run){.program = PROGRAM_NODE, .through = PROGRAM_PLAIN});

    check_serves((run){.program = PROGRAM_PLAIN, .root = ITS_ID, .children = "node"});
    check_serves((run){.program = PROGRAM_PLAIN, .root = ITS_ID_AND_START, .children = "node"});
    check_serves((run){.program = PROGRAM_PLAIN, .root = ITS_ID, .children = "none"});
    check_serves((run){.program = PROGRAM_PLAIN,
                       .through = PROGRAM_PLAIN,
                       .root = ITS_ID_AND_START,
                       .children = "none"});
    check_passes((run){.program = PROGRAM_PLAIN, .root = ITS_ID_OTHER_START, .children = "node"});
    check_passes((run){.program = PROGRAM_PLAIN, .root = OTHER_ID, .children = "node"});
    check_passes((run){.program = PROGRAM_PLAIN, .root = MALFORMED, .children = "node"});
    check_serves((run){.program = PROGRAM_PLAIN, .root = ITS_ID, .children = "node,require"});

    check_passes((run){.program = PROGRAM_OWN_MALLOC, .children = "all"});
    check_passes((run){.program = PROGRAM_OWN_MALLOC, .root = ITS_ID});
    check_passes((run){.program = PROGRAM_PLAIN, .children = "all", .preload_before = true});

    check_serves((run){.program = PROGRAM_PLAIN, .children = "require"});
    check_serves((run){.program = PROGRAM_NODE, .children = "node,require"});
    check_passes((run){.program = PROGRAM_PLAIN, .children = "node,require"});
    check_passes((run){.program = PROGRAM_OWN_MALLOC, .children = "node,require"});
    check_ends((run){.program = PROGRAM_OWN_MALLOC, .children = "require"});
    check_ends((run){.program = PROGRAM_OWN_MALLOC, .children = "require,all"});
    check_ends((run){.program = PROGRAM_OWN_MALLOC, .root = ITS_ID, .children = "none,require"});
    check_ends((run){.program = PROGRAM_NODE, .children = "node,require", .preload_before = true});
}
