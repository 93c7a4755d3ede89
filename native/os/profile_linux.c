#define _GNU_SOURCE
#include "profile.h"

#include "maps_linux.h"
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef STATX_SIZE
#include <linux/stat.h>
#endif

bool ss_os_can_profile(void) {
#if defined(__x86_64__) || defined(__aarch64__)
    return true;
#else
    return false;
#endif
}

/* Where process_vm_readv is forbidden: byte by byte, by a call that answers EFAULT too. Slow, but a profile still works. */
static size_t read_bytes(uintptr_t address, uint8_t *out, size_t bytes) {
    size_t got = 0;
    while (got < bytes && ss_os_read_byte(address + got, out + got))
        got++;
    return got;
}

size_t ss_os_read_memory(uintptr_t address, void *out, size_t bytes) {
    const int saved = errno;
    struct iovec local = {out, bytes}, remote = {(void *)address, bytes};
    const ssize_t got = syscall(SYS_process_vm_readv, (long)getpid(), &local, 1L, &remote, 1L, 0L);
    size_t count = got > 0 ? (size_t)got : 0;
    if (got < 0 && errno != EFAULT)
        count = read_bytes(address, out, bytes);
    errno = saved;
    return count;
}

typedef struct mapping_search {
    ss_os_visit_mapping *visit;
    void *context;
} mapping_search;

/* "START-END PERMISSIONS OFFSET DEVICE INODE  NAME" */
static bool mapping_line(const char *line, void *context) {
    const mapping_search *search = context;
    ss_os_mapping one = {.line = line};
    const char *at = line;
    one.start = ss_os_hexadecimal(&at);
    at += *at == '-';
    one.end = ss_os_hexadecimal(&at);
    one.executable = strlen(at) > 4 && at[3] == 'x';
    at = strchr(at + 1, ' ');
    if (at == NULL)
        return false;
    at++;
    one.offset = ss_os_hexadecimal(&at);
    for (unsigned i = 0; i < 2 && at != NULL; i++)
        at = strchr(at + 1, ' ');
    while (at != NULL && *at == ' ')
        at++;
    one.name = at != NULL ? at : "";
    return search->visit(&one, search->context);
}

void ss_os_each_mapping(ss_os_visit_mapping *visit, void *context) {
    mapping_search search = {visit, context};
    ss_os_read_lines("/proc/self/maps", mapping_line, &search);
}

static bool read_at(uintptr_t address, void *out, size_t bytes) {
    return ss_os_read_memory(address, out, bytes) == bytes;
}

uintptr_t ss_os_unwind_table(uintptr_t base) {
    ElfW(Ehdr) file;
    ElfW(Phdr) part;
    uintptr_t table = 0, bias = 0;
    bool placed = false;
    if (!read_at(base, &file, sizeof file) || memcmp(file.e_ident, ELFMAG, SELFMAG) != 0 ||
        file.e_phentsize != sizeof part)
        return 0;
    for (unsigned i = 0; i < file.e_phnum; i++) {
        if (!read_at(base + file.e_phoff + i * sizeof part, &part, sizeof part))
            return 0;
        if (part.p_type == PT_LOAD && !placed) {
            bias = base - (part.p_vaddr - part.p_offset);
            placed = true;
        } else if (part.p_type == PT_GNU_EH_FRAME) {
            table = part.p_vaddr;
        }
    }
    return table != 0 && placed ? bias + table : 0;
}

uint64_t ss_os_file_bytes(const char *path) {
    const int saved = errno;
    struct statx file;
    const bool found = syscall(SYS_statx, AT_FDCWD, path, 0, STATX_SIZE, &file) == 0;
    errno = saved;
    return found ? file.stx_size : 0;
}

size_t ss_os_read_part(const char *path, uint64_t offset, void *out, size_t bytes) {
    const int saved = errno;
    const int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = file < 0 ? 0 : syscall(SYS_pread64, file, out, bytes, offset);
    if (file >= 0)
        syscall(SYS_close, file);
    errno = saved;
    return got > 0 ? (size_t)got : 0;
}

bool ss_os_write_all(int descriptor, const void *bytes, size_t count) {
    const int saved = errno;
    const char *at = bytes;
    while (count != 0) {
        const ssize_t wrote = syscall(SYS_write, descriptor, at, count);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            break;
        at += wrote;
        count -= (size_t)wrote;
    }
    errno = saved;
    return count == 0;
}

int ss_os_private_create(const char *path) {
    const int saved = errno;
    syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    const int file = (int)syscall(SYS_openat, AT_FDCWD, path,
                                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    errno = saved;
    return file;
}

void ss_os_private_end(int descriptor, const char *path, const char *to) {
    const int saved = errno;
    syscall(SYS_close, descriptor);
    if (to == NULL || syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, to, 0) != 0)
        syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    errno = saved;
}

size_t ss_os_program_path(char *path, size_t bytes) {
    const int saved = errno;
    const ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, bytes - 1);
    path[length > 0 ? length : 0] = '\0';
    errno = saved;
    return length > 0 ? (size_t)length : 0;
}

uintptr_t ss_os_program_start(void) {
    return getauxval(AT_PHDR);
}

/* Exported by the C library's loader: where the first thread's stack ends. musl has none. */
extern void *__libc_stack_end __attribute__((weak));

uintptr_t ss_os_thread_end(void) {
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0), token = ss_os_thread_token();
    const uintptr_t first = &__libc_stack_end != NULL ? (uintptr_t)__libc_stack_end : 0;
    /* A thread's own structure, which the token is the address of, lies at the end of its stack. */
    enum { MOST = 64 << 20 };
    if (first - here < MOST)
        return first & ~(uintptr_t)7;
    return token - here < MOST ? token & ~(uintptr_t)7 : 0;
}
