#include "image.h"

#include <crt_externs.h>
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

bool ss_os_symbol_exists(const char *name) {
    return dlsym(RTLD_DEFAULT, name) != NULL;
}

bool ss_os_symbol_is_ours(const char *name) {
    (void)name;
    return true;
}

void *ss_os_symbol_next(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

void ss_os_symbols_give_way(const char *const *names, size_t count) {
    (void)names;
    (void)count;
}

/* The library first allocates in its constructor, when the environment is ready. */
void ss_os_environment_ready(void) {}

uint64_t ss_os_process_start(void) {
    return 0;
}

size_t ss_os_command_line(char *text, size_t bytes) {
    size_t length = 0;
    char **arguments = *_NSGetArgv();
    for (int i = 0; i < *_NSGetArgc() && length < bytes; i++) {
        size_t whole = strlen(arguments[i]) + 1, room = bytes - length;
        memcpy(text + length, arguments[i], whole < room ? whole : room);
        length += whole < room ? whole : room;
    }
    return length;
}
