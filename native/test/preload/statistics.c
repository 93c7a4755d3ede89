/* SUPERSLAB_STATS: one line when a served process ends, on stderr or appended to a file. */
#include "check.h"
#include "child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void execute(const char *target, const char *children, child_result *result) {
    setenv("SUPERSLAB_STATS", target, 1);
    setenv("SUPERSLAB_CHILDREN", children, 1);
    *result = child_execute((char *[]){PROGRAM_PLAIN, NULL});
    child_check_clean(result);
    setenv("SUPERSLAB_STATS", "0", 1); /* of this test itself */
}

int main(void) {
    child_result result;
    execute("1", "all", &result);
    const char *line = strstr(result.text, "superslab: pid=");
    CHECK(line != NULL);
    CHECK(strstr(line, "live_bytes=") != NULL);
    CHECK(strstr(line, "command=\"" PROGRAM_PLAIN "\"\n") != NULL);
    execute("0", "all", &result);
    CHECK(strstr(result.text, "superslab:") == NULL);
    execute("1", "none", &result);
    CHECK(strstr(result.text, "superslab:") == NULL);

    char file[] = "/tmp/superslab-statistics-XXXXXX", text[4096] = "";
    const int descriptor = mkstemp(file);
    CHECK(descriptor >= 0);
    execute(file, "all", &result);
    execute(file, "all", &result);
    CHECK(strstr(result.text, "superslab:") == NULL);
    CHECK_GT(read(descriptor, text, sizeof text - 1), 0);
    close(descriptor);
    unlink(file);
    line = strstr(text, "superslab: pid=");
    CHECK(line != NULL && strstr(line + 1, "superslab: pid=") != NULL);
}
