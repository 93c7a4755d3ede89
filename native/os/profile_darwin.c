/* Profiles need what only Linux has so far: they cannot be started here. */
#include "profile.h"

bool ss_os_can_profile(void) {
    return false;
}

size_t ss_os_read_memory(uintptr_t address, void *out, size_t bytes) {
    (void)address, (void)out, (void)bytes;
    return 0;
}

void ss_os_each_mapping(ss_os_visit_mapping *visit, void *context) {
    (void)visit, (void)context;
}

uintptr_t ss_os_unwind_table(uintptr_t base) {
    (void)base;
    return 0;
}

uint64_t ss_os_file_bytes(const char *path) {
    (void)path;
    return 0;
}

size_t ss_os_read_part(const char *path, uint64_t offset, void *out, size_t bytes) {
    (void)path, (void)offset, (void)out, (void)bytes;
    return 0;
}

bool ss_os_write_all(int descriptor, const void *bytes, size_t count) {
    (void)descriptor, (void)bytes, (void)count;
    return false;
}

int ss_os_private_create(const char *path) {
    (void)path;
    return -1;
}

void ss_os_private_end(int descriptor, const char *path, const char *to) {
    (void)descriptor, (void)path, (void)to;
}

size_t ss_os_program_path(char *path, size_t bytes) {
    if (bytes != 0)
        path[0] = '\0';
    return 0;
}

uintptr_t ss_os_program_start(void) {
    return 0;
}

uintptr_t ss_os_thread_end(void) {
    return 0;
}

void ss_os_function_find(const char *file, uint64_t offset, ss_os_function *out) {
    (void)file;
    *out = (ss_os_function){.address = offset};
}
