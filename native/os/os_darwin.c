#include "os.h"

#include <errno.h>
#include <mach-o/dyld.h>
#include <mach-o/getsect.h>
#include <mach/mach.h>
#include <mach/mach_vm.h>
#include <mach/vm_statistics.h>
#include <sys/mman.h>
#include <time.h>

#define MAP_KIND (MAP_PRIVATE | MAP_ANON | MAP_NORESERVE)
/* Gives the mappings of superslab a line of their own in vmmap(1). */
#define MAP_LABEL VM_MAKE_TAG(VM_MEMORY_APPLICATION_SPECIFIC_1)

/* ---- memory ---- */

void *ss_os_reserve(size_t bytes, size_t alignment) {
    int saved = errno;
    const size_t more = alignment + 2 * SS_OS_MARGIN_BYTES;
    char *start = NULL, *all = MAP_FAILED;
    if (bytes <= SIZE_MAX - more)
        all = mmap(NULL, bytes + more, PROT_NONE, MAP_KIND, MAP_LABEL, 0);
    if (all != MAP_FAILED) {
        start = all + SS_OS_MARGIN_BYTES;
        start += -(uintptr_t)start & (alignment - 1);
        char *head = start - SS_OS_MARGIN_BYTES, *end = start + bytes + SS_OS_MARGIN_BYTES;
        /* No other code knows these fresh addresses yet, so their ends can be unmapped. */
        if (head != all)
            munmap(all, (size_t)(head - all));
        if (all + bytes + more != end)
            munmap(end, (size_t)(all + bytes + more - end));
    }
    errno = saved;
    return start;
}

/* The system chooses the place, and the whole is reserved at once. */
void *ss_os_reserve_part(size_t most, size_t first, size_t bytes, size_t alignment) {
    (void)most, (void)first, (void)bytes, (void)alignment;
    return NULL;
}

ss_os_extend_result ss_os_extend_behind(void *end, size_t bytes) {
    (void)end, (void)bytes;
    return SS_OS_OCCUPIED;
}

ss_os_extend_result ss_os_extend_before(void *start, size_t bytes) {
    (void)start, (void)bytes;
    return SS_OS_OCCUPIED;
}

bool ss_os_commit(void *start, size_t bytes) {
    int saved = errno;
    bool done = mprotect(start, bytes, PROT_READ | PROT_WRITE) == 0;
    errno = saved;
    return done;
}

/* A core dump has only touched pages. */
void ss_os_dump(void *start, size_t bytes, bool dumped) {
    (void)start, (void)bytes, (void)dumped;
}

/* Nothing to do: the system makes no huge pages of anonymous memory. */
void ss_os_allow_huge_pages(void) {}

/* Its mappings have a label in any case. */
void ss_os_allow_names(void) {}

static bool map_over(void *start, size_t bytes, int protection) {
    int saved = errno;
    bool done = mmap(start, bytes, protection, MAP_KIND | MAP_FIXED, MAP_LABEL, 0) == start;
    errno = saved;
    return done;
}

void ss_os_decommit(void *start, size_t bytes) {
    map_over(start, bytes, PROT_NONE);
}

/* MADV_DONTNEED keeps the pages here and MADV_FREE counts them as resident until they are wanted: a
 * fresh mapping in place of the old one is what makes the memory go at once and read as zero. */
bool ss_os_purge(void *start, size_t bytes) {
    return map_over(start, bytes, PROT_READ | PROT_WRITE);
}

bool ss_os_fill_huge(void *start, size_t bytes) {
    (void)start, (void)bytes;
    return false;
}

void ss_os_split_huge(void *start) {
    (void)start;
}

bool ss_os_renew(void *start, size_t bytes) {
    return ss_os_purge(start, bytes);
}

/* mach_vm_remap shares pages copy-on-write rather than moving them, and the source would keep its
 * share; the caller copies. */
ss_os_move_result ss_os_move(void *to, void *from, size_t bytes) {
    (void)to, (void)from, (void)bytes;
    return SS_OS_REFUSED;
}

bool ss_os_read_byte(uintptr_t address, uint8_t *out) {
    mach_vm_size_t got = 0;
    return mach_vm_read_overwrite(mach_task_self(), address, 1, (mach_vm_address_t)(uintptr_t)out,
                                  &got) == KERN_SUCCESS &&
           got == 1;
}

/* ---- threads ---- */

/* There is no membarrier: sleeping threads keep their blocks. */
bool ss_os_barrier(void) {
    return false;
}

bool ss_os_is_alone(void) {
    return false;
}

void ss_os_wait(_Atomic uint32_t *word, uint32_t value, uint32_t milliseconds) {
    struct timespec time = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    (void)word, (void)value;
    int saved = errno;
    nanosleep(&time, NULL);
    errno = saved;
}

void ss_os_nap(void) {
    struct timespec time = {0, 50000};
    int saved = errno;
    nanosleep(&time, NULL);
    errno = saved;
}

void ss_os_wake(_Atomic uint32_t *word) {
    (void)word;
}

void ss_os_copy_mark(bool again) {
    (void)again;
}

bool ss_os_is_copy(bool otherwise) {
    return otherwise;
}

/* ---- process ---- */

/* The files to read exist only on Linux. */
bool ss_os_read_file(const char *path, char *text, size_t bytes) {
    (void)path, (void)bytes;
    text[0] = '\0';
    return false;
}

void ss_os_dump_no_guard(void *start, size_t bytes) {
    (void)start, (void)bytes;
}

void ss_os_read_lines(const char *path, ss_os_visit_line *visit, void *context) {
    (void)path, (void)visit, (void)context;
}

/* There is no /proc through which another process could find it. */
bool ss_os_page_share(const char *name, ss_os_page *page) {
    (void)name, (void)page;
    return false;
}

void ss_os_page_unshare(const ss_os_page *page) {
    (void)page;
}

int ss_os_page_open(const ss_os_page *page) {
    (void)page;
    return -1;
}

bool ss_os_page_locked(int descriptor, uint64_t start, uint64_t end, uint64_t *at,
                       uint64_t *count) {
    (void)descriptor, (void)start, (void)end, (void)at, (void)count;
    return false;
}

int ss_os_memory_file(const char *name) {
    (void)name;
    return -1;
}

void ss_os_close(int descriptor) {
    (void)descriptor;
}

uint32_t ss_os_thread_number(void) {
    return 0;
}

/* Recording is not supported here. */
ss_os_log_result ss_os_log_create(const char *path, ss_os_log *log) {
    (void)path, (void)log;
    return SS_OS_LOG_REFUSED;
}

void *ss_os_log_extend(ss_os_log *log, const char *path, size_t bytes) {
    (void)log, (void)path, (void)bytes;
    return NULL;
}

bool ss_os_log_append(ss_os_log *log, const char *path, const void *part, size_t bytes) {
    (void)log, (void)path, (void)part, (void)bytes;
    return false;
}

void ss_os_log_unmap(void *part, size_t bytes) {
    (void)part, (void)bytes;
}

void ss_os_log_leave(void *part, size_t bytes) {
    (void)part, (void)bytes;
}

void *ss_os_copy_memory(size_t bytes) {
    (void)bytes;
    return NULL;
}

/* The contents of each copy's section `superslab`, from window/api.c. */
typedef struct beacon_note {
    uint32_t abi;
    struct ss_beacon *beacon;
} beacon_note;

void ss_os_each_beacon(ss_os_visit_beacon *visit, void *context) {
    for (uint32_t i = 0, count = _dyld_image_count(); i < count; i++) {
        const struct mach_header_64 *image =
            (const struct mach_header_64 *)(const void *)_dyld_get_image_header(i);
        unsigned long bytes = 0;
        const beacon_note *note = image == NULL ? NULL
                                                : (const beacon_note *)(const void *)getsectiondata(
                                                      image, "__DATA", "superslab", &bytes);
        if (note == NULL || bytes < sizeof *note)
            continue;
        const char *file = _dyld_get_image_name(i);
        if (visit(note->abi, note->beacon, file == NULL ? "" : file, context))
            return;
    }
}

/* ---- what is not told here ---- */

void ss_os_each_area(ss_os_visit_area *visit, void *context) {
    (void)visit;
    (void)context;
}

uint64_t ss_os_resident_bytes(void) {
    return 0;
}

bool ss_os_append(const char *path, const char *text, size_t bytes) {
    (void)path;
    (void)text;
    (void)bytes;
    return false;
}

bool ss_os_write_error_of_process(const char *text, size_t bytes) {
    ss_os_write_error(text, bytes);
    return true;
}
