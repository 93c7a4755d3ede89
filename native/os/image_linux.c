#define _GNU_SOURCE
#include "image.h"

#include "digits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The start of a file, without a cancellation point. */
static size_t read_start(const char *path, char *text, size_t bytes) {
    int saved = errno;
    long got = -1, file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        got = syscall(SYS_read, file, text, bytes);
        syscall(SYS_close, file);
    }
    errno = saved;
    return got < 0 ? 0 : (size_t)got;
}

/* glibc's loader's, where the kernel put the count of arguments: they follow, and then the environment.
 * musl has no such pointer, and sets environ before it calls other code. */
extern void *__libc_stack_end __attribute__((weak));

void ss_os_environment_ready(void) {
    if (environ != NULL || &__libc_stack_end == NULL)
        return;
    char **arguments = (char **)__libc_stack_end + 1;
    environ = arguments + *(long *)__libc_stack_end + 1;
}

uint64_t ss_os_process_start(void) {
    enum { FIELD = 22, FIRST_AFTER_NAME = 3 }; /* proc(5): starttime; the name may hold anything */
    char text[1024];
    size_t length = read_start("/proc/self/stat", text, sizeof text - 1);
    text[length] = '\0';
    char *at = strrchr(text, ')');
    for (int field = FIRST_AFTER_NAME; at != NULL && field <= FIELD; field++)
        at = strchr(at + 1, ' ');
    return at == NULL ? 0 : ss_os_digits(at + 1, NULL);
}

size_t ss_os_command_line(char *text, size_t bytes) {
    return read_start("/proc/self/cmdline", text, bytes);
}
