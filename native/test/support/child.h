/* A step in a process of its own: how it ended and what it printed on stderr. */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include <stdint.h>

typedef struct child_result {
    int signal; /* that ended it, or 0 */
    int code;   /* its exit code if signal is 0 */
    char text[1 << 16];
} child_result;

/* Forks; the child runs the function and exits with 0 if it returns. */
child_result child_run(void (*function)(void *context), void *context);

/* Runs `count` children one after the other, with their numbers from 0 on; each must end clean. */
void child_run_each(uintptr_t count, void (*function)(void *number));

/* Forks and executes; argv[0] is the path. */
child_result child_execute(char *const argv[]);

/* Ended with exit code 0. Prints what the child said if not. Skips if the child did. */
void child_check_clean(const child_result *result);

#endif
