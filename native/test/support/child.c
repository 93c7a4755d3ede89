#include "child.h"

#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void collect(int from, pid_t child, child_result *result) {
    size_t length = 0;
    for (;;) {
        char rest[256];
        const size_t room = sizeof result->text - 1 - length;
        const ssize_t got =
            read(from, room > 0 ? result->text + length : rest, room > 0 ? room : sizeof rest);
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        if (got > 0 && room > 0)
            length += (size_t)got;
    }
    result->text[length] = '\0';
    int status;
    while (waitpid(child, &status, 0) != child)
        CHECK_EQ(errno, EINTR);
    if (WIFSIGNALED(status))
        result->signal = WTERMSIG(status);
    else
        result->code = WEXITSTATUS(status);
}

/* Returns in the child with `*collected` false, in the parent with the result filled in. */
static child_result split(bool *collected) {
    child_result result = {0};
    int ends[2];
    fflush(NULL);
    CHECK_EQ(pipe(ends), 0);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        *collected = false;
        return result;
    }
    close(ends[1]);
    collect(ends[0], child, &result);
    close(ends[0]);
    *collected = true;
    return result;
}

child_result child_run(void (*function)(void *context), void *context) {
    bool collected;
    const child_result result = split(&collected);
    if (collected)
        return result;
    function(context);
    fflush(NULL);
    _exit(EXIT_SUCCESS);
}

child_result child_execute(char *const argv[]) {
    bool collected;
    const child_result result = split(&collected);
    if (collected)
        return result;
#if CHECK_EMULATED /* the system does not know how to run it */
    char *emulated[32] = {CHECK_EMULATOR};
    size_t count = 0;
    while (emulated[count] != NULL)
        count++;
    for (size_t i = 0; argv[i] != NULL; i++)
        emulated[count++] = argv[i];
    execvp(emulated[0], emulated);
#endif
    execv(argv[0], argv);
    check_fail(__FILE__, __LINE__, "%s: %s", argv[0], strerror(errno));
}

void child_check_clean(const child_result *result) {
    if (result->signal == 0 && result->code == 0)
        return;
    fprintf(stderr, "%s", result->text);
    if (result->signal == 0 && result->code == CHECK_SKIP_CODE)
        exit(CHECK_SKIP_CODE);
    CHECK_EQ(result->signal, 0);
    CHECK_EQ(result->code, 0);
}

void child_run_each(uintptr_t count, void (*function)(void *number)) {
    for (uintptr_t i = 0; i < count; i++) {
        const child_result result = child_run(function, (void *)i);
        child_check_clean(&result);
    }
}
