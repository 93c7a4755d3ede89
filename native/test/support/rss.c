#include "rss.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

bool rss_is_meaningful(void) {
    if (CHECK_SANITIZED || CHECK_EMULATED)
        fprintf(stderr, "the RSS is not checked under a sanitizer or an emulator\n");
    return !CHECK_SANITIZED && !CHECK_EMULATED;
}

#ifdef __APPLE__
#include <mach/mach.h>

static mach_task_basic_info_data_t task_now(void) {
    mach_task_basic_info_data_t info;
    mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
    CHECK_EQ(task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&info, &count),
             KERN_SUCCESS);
    return info;
}

size_t rss_bytes(void) {
    return task_now().resident_size;
}

bool rss_peak_reset(void) {
    return false;
}

size_t rss_peak_bytes(void) {
    return task_now().resident_size_max;
}

size_t rss_mapped_bytes(void) {
    return 0;
}

size_t rss_data_bytes(void) {
    return 0;
}

#else
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The kilobytes after `name` in a file of /proc, as bytes; 0 if it is not there. */
static size_t proc_field(const char *path, const char *name) {
    char text[8192];
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    size_t length = 0;
    ssize_t got;
    while ((got = read(file, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)got;
    close(file);
    text[length] = '\0';
    const char *field = strstr(text, name);
    return field != NULL ? strtoull(field + strlen(name), NULL, 10) * 1024 : 0;
}

static size_t statm_resident_bytes(void) {
    unsigned long mapped, resident;
    FILE *file = fopen("/proc/self/statm", "re");
    CHECK(file != NULL);
    CHECK_EQ(fscanf(file, "%lu %lu", &mapped, &resident), 2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

size_t rss_bytes(void) {
    const size_t exact = proc_field("/proc/self/smaps_rollup", "\nRss:");
    return exact > 0 ? exact : statm_resident_bytes();
}

bool rss_peak_reset(void) {
    const int file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    const bool done = write(file, "5", 1) == 1;
    close(file);
    return done;
}

size_t rss_peak_bytes(void) {
    return proc_field("/proc/self/status", "\nVmHWM:");
}

size_t rss_mapped_bytes(void) {
    return CHECK_EMULATED ? 0 : proc_field("/proc/self/status", "\nVmSize:");
}

size_t rss_data_bytes(void) {
    return CHECK_EMULATED ? 0 : proc_field("/proc/self/status", "\nVmData:");
}
#endif
