#define _GNU_SOURCE
#include "os.h"

#include "maps_linux.h"
#include "place_linux.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

/* The wrappers of open, read, write and close are cancellation points; syscall is not, and no
 * function here may be one. */

#define MAP_KIND (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

/* ---- memory ---- */

/* Transparent huge pages would refill what was given back: khugepaged makes 2 MiB of one page. */
static _Atomic bool huge_pages_allowed; /* set before there is a second thread to read it */

void ss_os_allow_huge_pages(void) {
    atomic_store_explicit(&huge_pages_allowed, true, memory_order_relaxed);
}

static void refuse_huge_pages(void *start, size_t bytes) {
    if (!atomic_load_explicit(&huge_pages_allowed, memory_order_relaxed))
        madvise(start, bytes, MADV_NOHUGEPAGE);
}

static _Atomic bool names_allowed; /* relaxed: every thread finds the same */

void ss_os_allow_names(void) {
    atomic_store_explicit(&names_allowed, true, memory_order_relaxed);
}

/* The kernel shows the mapping as [anon:superslab] from then on (Linux 5.17, if it is built for that; the first refusal is
 * remembered). Mappings join only if their names are equal, so each that is made gets it. */
static void name(void *start, size_t bytes) {
    if (atomic_load_explicit(&names_allowed, memory_order_relaxed) &&
        prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, start, bytes, "superslab") != 0 && errno == EINVAL)
        atomic_store_explicit(&names_allowed, false, memory_order_relaxed);
}

/* A debugger's dump (gcore) has all that is mapped, and a core that is piped to a program is not sparse. */
static void reserved_advise(void *start, size_t bytes) {
    name(start, bytes);
    madvise(start, bytes, MADV_DONTDUMP);
    refuse_huge_pages(start, bytes);
}

void *ss_os_reserve_part(size_t most, size_t first, size_t bytes, size_t alignment) {
    int saved = errno;
    char *place = ss_place_map(most, first, bytes, alignment);
    if (place != NULL)
        reserved_advise(place + first - SS_OS_MARGIN_BYTES, bytes + 2 * SS_OS_MARGIN_BYTES);
    errno = saved;
    return place;
}

/* At a place of the system's choice, and larger than needed, so that it contains an aligned range. */
static char *reserve_anywhere(size_t bytes, size_t alignment) {
    const size_t more = alignment + 2 * SS_OS_MARGIN_BYTES;
    if (bytes > SIZE_MAX - more)
        return NULL;
    char *all = mmap(NULL, bytes + more, PROT_NONE, MAP_KIND, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    char *start = all + SS_OS_MARGIN_BYTES;
    start += -(uintptr_t)start & (alignment - 1);
    char *head = start - SS_OS_MARGIN_BYTES, *end = start + bytes + SS_OS_MARGIN_BYTES;
    /* No other code knows these fresh addresses yet, so their ends can be unmapped. */
    if (head != all)
        munmap(all, (size_t)(head - all));
    if (all + bytes + more != end)
        munmap(end, (size_t)(all + bytes + more - end));
    reserved_advise(head, (size_t)(end - head));
    return start;
}

void *ss_os_reserve(size_t bytes, size_t alignment) {
    void *start = ss_os_reserve_part(bytes, 0, bytes, alignment);
    int saved = errno;
    if (start == NULL)
        start = reserve_anywhere(bytes, alignment);
    errno = saved;
    return start;
}

/* The mapping joins the reservation's: it has the same flags. */
static ss_os_extend_result extend(char *start, size_t bytes) {
    int saved = errno;
    ss_os_extend_result result = SS_OS_EXTENDED;
    char *got = mmap(start, bytes, PROT_NONE, MAP_KIND, -1, 0);
    if (got == start) {
        reserved_advise(start, bytes);
    } else if (got == MAP_FAILED) {
        result = SS_OS_NO_MEMORY;
    } else {
        munmap(got, bytes);
        result = SS_OS_OCCUPIED;
    }
    errno = saved;
    return result;
}

/* The new mapping lies outside of the old margin, which becomes part of the reservation. */
ss_os_extend_result ss_os_extend_behind(void *end, size_t bytes) {
    return extend((char *)end + SS_OS_MARGIN_BYTES, bytes);
}

ss_os_extend_result ss_os_extend_before(void *start, size_t bytes) {
    return extend((char *)start - SS_OS_MARGIN_BYTES - bytes, bytes);
}

bool ss_os_commit(void *start, size_t bytes) {
    int saved = errno;
    bool done = mprotect(start, bytes, PROT_READ | PROT_WRITE) == 0;
    if (done)
        madvise(start, bytes, MADV_DODUMP); /* if refused, the memory is still usable */
    errno = saved;
    return done;
}

void ss_os_dump(void *start, size_t bytes, bool dumped) {
    int saved = errno;
    madvise(start, bytes, dumped ? MADV_DODUMP : MADV_DONTDUMP);
    errno = saved;
}

void ss_os_decommit(void *start, size_t bytes) {
    int saved = errno;
    /* A mapping in place of the old one: mprotect alone would leave the charge. */
    if (mmap(start, bytes, PROT_NONE, MAP_KIND | MAP_FIXED, -1, 0) == start)
        reserved_advise(start, bytes);
    errno = saved;
}

bool ss_os_purge(void *start, size_t bytes) {
    int saved = errno;
    bool done = madvise(start, bytes, MADV_DONTNEED) == 0;
    errno = saved;
    return done;
}

/* mincore tells a huge page from the one page that the store alone brings. */
bool ss_os_fill_huge(void *start, size_t bytes) {
    int saved = errno;
    unsigned char resident = 0;
    const size_t page = ss_os_page_bytes();
    if (madvise(start, bytes, MADV_HUGEPAGE) == 0) {
        *(volatile char *)start = 0;
        refuse_huge_pages(start, bytes); /* the one that is there stays */
        if (mincore((char *)start + bytes - page, page, &resident) != 0)
            resident = 0;
    }
    errno = saved;
    return (resident & 1) != 0;
}

/* MADV_FREE of one page makes the kernel split a huge page at once, so that the page itself is really free; what is
 * unmapped of a huge page that is whole stays charged until memory is short. */
void ss_os_split_huge(void *start) {
    int saved = errno;
    madvise(start, ss_os_page_bytes(), MADV_FREE);
    errno = saved;
}

bool ss_os_renew(void *start, size_t bytes) {
    int saved = errno;
    /* Replaces the mapping under the kernel's lock, so that no other thread's mapping can come between. */
    bool done = mmap(start, bytes, PROT_READ | PROT_WRITE, MAP_KIND | MAP_FIXED, -1, 0) == start;
    if (done) {
        name(start, bytes);
        refuse_huge_pages(start, bytes);
    }
    errno = saved;
    return done;
}

static void *move_pages(void *to, void *from, size_t bytes) {
    /* DONTUNMAP (Linux 5.7) leaves `from` mapped and empty; FIXED replaces `to`. */
    return mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to);
}

static bool overcommit_is_strict(void) {
    char mode[2];
    return !ss_os_read_file("/proc/sys/vm/overcommit_memory", mode, sizeof mode) || mode[0] == '2';
}

typedef enum move_answer { MOVE_UNKNOWN, MOVE_NEVER, MOVE_KEEPS } move_answer;

/* Tries it: qemu's emulation of user programs ignores DONTUNMAP, and then the source is no longer mapped. Before Linux
 * 5.7 the flag is not valid. Without memory for the trial there is no answer yet. */
static move_answer move_try(void) {
    size_t bytes = ss_os_page_bytes();
    char *from = mmap(NULL, 2 * bytes, PROT_READ | PROT_WRITE, MAP_KIND, -1, 0);
    if (from == MAP_FAILED)
        return MOVE_UNKNOWN;
    uint8_t byte;
    if (move_pages(from + bytes, from, bytes) != from + bytes) {
        move_answer answer = errno == EINVAL ? MOVE_NEVER : MOVE_UNKNOWN;
        munmap(from, 2 * bytes);
        return answer;
    }
    bool kept = ss_os_read_byte((uintptr_t)from, &byte);
    /* The source may have another owner by now. */
    munmap(kept ? from : from + bytes, kept ? 2 * bytes : bytes);
    return kept ? MOVE_KEEPS : MOVE_NEVER;
}

/* Where the system charges for addresses, a move could fail halfway for want of charge. */
static bool may_move(void) {
    static _Atomic uint32_t known; /* a move_answer. Relaxed: every thread finds the same. */
    uint32_t answer = atomic_load_explicit(&known, memory_order_relaxed);
    if (answer == MOVE_UNKNOWN) {
        answer = overcommit_is_strict() ? MOVE_NEVER : move_try();
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == MOVE_KEEPS;
}

/* After a refused mremap: the kernel unmaps the target before the last things that can fail. */
static ss_os_move_result move_refused(void *to, size_t bytes, uint64_t mark) {
    void *again = mmap(to, bytes, PROT_READ | PROT_WRITE, MAP_KIND | MAP_FIXED_NOREPLACE, -1, 0);
    if (again == to) {
        name(to, bytes);
        refuse_huge_pages(to, bytes);
        return SS_OS_REFUSED;
    }
    if (again != MAP_FAILED)
        munmap(again, bytes); /* a kernel that takes the address for a hint */
    for (unsigned i = 0; i < sizeof mark; i++) {
        uint8_t byte;
        if (!ss_os_read_byte((uintptr_t)to + i, &byte) || byte != ((uint8_t *)&mark)[i])
            return SS_OS_LOST;
    }
    return SS_OS_REFUSED;
}

ss_os_move_result ss_os_move(void *to, void *from, size_t bytes) {
    int saved = errno;
    ss_os_move_result result = SS_OS_REFUSED;
    if (may_move()) {
        uint64_t mark = (uintptr_t)to ^ (uintptr_t)from ^ UINT64_C(0x9e3779b97f4a7c15);
        memcpy(to, &mark, sizeof mark);
        if (move_pages(to, from, bytes) == to)
            result = SS_OS_MOVED;
        else
            result = move_refused(to, bytes, mark);
    }
    errno = saved;
    return result;
}

/* For sandboxes that forbid process_vm_readv: write(2) too answers EFAULT instead of faulting. */
static bool read_byte_by_pipe(uintptr_t address, uint8_t *out) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    bool done = syscall(SYS_write, ends[1], address, (size_t)1) == 1 &&
                syscall(SYS_read, ends[0], out, (size_t)1) == 1;
    syscall(SYS_close, ends[0]);
    syscall(SYS_close, ends[1]);
    return done;
}

bool ss_os_read_byte(uintptr_t address, uint8_t *out) {
    int saved = errno;
    struct iovec local = {out, 1}, remote = {(void *)address, 1};
    ssize_t got = syscall(SYS_process_vm_readv, (long)getpid(), &local, 1L, &remote, 1L, 0L);
    bool done = got == 1;
    if (got < 0 && errno != EFAULT)
        done = read_byte_by_pipe(address, out);
    errno = saved;
    return done;
}

/* ---- threads ---- */

/* A page that a copy does not inherit, and that is never written. Relaxed: its address is only passed to the system. */
static _Atomic(char *) copy_mark;

void ss_os_copy_mark(bool again) {
    int saved = errno;
    size_t bytes = ss_os_page_bytes();
    char *before = atomic_load_explicit(&copy_mark, memory_order_relaxed);
    if (before != NULL && !again)
        return;
    char *mark = mmap(NULL, bytes, PROT_NONE, MAP_KIND, -1, 0);
    if (mark == MAP_FAILED) {
        mark = NULL;
    } else if (madvise(mark, bytes, MADV_DONTFORK) != 0) {
        munmap(mark, bytes);
        mark = NULL;
    }
    if (!atomic_compare_exchange_strong_explicit(&copy_mark, &before, mark, memory_order_relaxed,
                                                 memory_order_relaxed) &&
        mark != NULL)
        munmap(mark, bytes); /* another thread was first */
    errno = saved;
}

bool ss_os_is_copy(bool otherwise) {
    int saved = errno;
    bool copy = otherwise;
    unsigned char resident;
    char *mark = atomic_load_explicit(&copy_mark, memory_order_relaxed);
    if (mark != NULL) {
        /* Where no page is mapped it says so. */
        if (mincore(mark, ss_os_page_bytes(), &resident) == 0)
            copy = false;
        else if (errno == ENOMEM)
            copy = true;
    }
    errno = saved;
    return copy;
}

#define FUTEX_WAIT_PRIVATE_OP 128
#define FUTEX_WAKE_PRIVATE_OP 129

void ss_os_wait(_Atomic uint32_t *word, uint32_t value, uint32_t milliseconds) {
    int saved = errno;
    struct timespec time = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE_OP, value, &time, NULL, 0);
    errno = saved;
}

void ss_os_nap(void) {
    int saved = errno;
    struct timespec time = {0, 50000}; /* and the timer's slack, by default the same again */
    /* Not the C library's function, at which a thread may be cancelled. */
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL);
    errno = saved;
}

void ss_os_wake(_Atomic uint32_t *word) {
    int saved = errno;
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE_OP, 1, NULL, NULL, 0);
    errno = saved;
}

/* ---- process ---- */

static int file_open(const char *path) {
    return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

static size_t file_next(int file, char *text, size_t bytes) {
    long got = syscall(SYS_read, file, text, bytes);
    return got > 0 ? (size_t)got : 0;
}

bool ss_os_read_file(const char *path, char *text, size_t bytes) {
    int saved = errno, file = file_open(path);
    size_t length = 0;
    if (file >= 0) {
        length = file_next(file, text, bytes - 1);
        syscall(SYS_close, file);
    }
    text[length] = '\0';
    errno = saved;
    return length != 0;
}

void ss_os_read_lines(const char *path, ss_os_visit_line *visit, void *context) {
    char text[1024]; /* on the background thread's stack, of which one page does */
    int saved = errno, file = file_open(path);
    size_t held = 0, got;
    bool done = file < 0, rest = false; /* of a line that was too long */
    while (!done && (got = file_next(file, text + held, sizeof text - 1 - held)) != 0) {
        char *line = text, *end;
        held += got;
        while (!done && (end = memchr(line, '\n', (size_t)(text + held - line))) != NULL) {
            *end = '\0';
            done = !rest && visit(line, context);
            rest = false;
            line = end + 1;
        }
        held -= (size_t)(line - text);
        memmove(text, line, held);
        if (!done && held == sizeof text - 1) {
            text[held] = '\0';
            done = !rest && visit(text, context);
            rest = true;
            held = 0;
        }
    }
    if (file >= 0)
        syscall(SYS_close, file);
    errno = saved;
}

/* The addresses up to `end` of which each is known to be mapped without access, as far as the lines were read. */
typedef struct guard {
    uintptr_t known, end;
} guard;

static bool guard_line(const char *line, void *context) {
    guard *one = context;
    uintptr_t start, end;
    const char *permissions = ss_os_maps_line(line, &start, &end);
    if (end <= one->known)
        return false;
    if (start > one->known || strncmp(permissions, " ---", 4) != 0)
        return true;
    one->known = end;
    return one->known >= one->end;
}

void ss_os_dump_no_guard(void *start, size_t bytes) {
    guard one = {(uintptr_t)start, (uintptr_t)start + bytes};
    ss_os_read_lines("/proc/self/maps", guard_line, &one);
    if (one.known >= one.end)
        ss_os_dump(start, bytes, false);
}

/* The note that native/core/api.c writes. */
typedef struct beacon_note {
    ElfW(Nhdr) header;
    char name[12];
    uint32_t abi;
    int32_t beacon; /* from this field's own address */
} beacon_note;

typedef struct beacon_search {
    ss_os_visit_beacon *visit;
    void *context;
} beacon_search;

static int visit_object(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    const beacon_search *search = context;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_NOTE || segment->p_align > 4)
            continue; /* ours is of the common kind, aligned to 4 */
        const char *at = (const char *)(info->dlpi_addr + segment->p_vaddr);
        const char *end = at + segment->p_memsz;
        while (end - at >= (ptrdiff_t)sizeof(ElfW(Nhdr))) {
            const beacon_note *note = (const beacon_note *)(const void *)at;
            size_t name = (note->header.n_namesz + 3u) & ~(size_t)3;
            size_t desc = (note->header.n_descsz + 3u) & ~(size_t)3;
            if (note->header.n_namesz == 10 && end - at >= (ptrdiff_t)sizeof *note &&
                memcmp(note->name, "superslab", 10) == 0) {
                char *beacon = (char *)&note->beacon + note->beacon;
                if (search->visit(note->abi, (struct ss_beacon *)(void *)beacon, info->dlpi_name,
                                  search->context))
                    return 1;
            }
            at += sizeof(ElfW(Nhdr)) + name + desc;
        }
    }
    return 0;
}

void ss_os_each_beacon(ss_os_visit_beacon *visit, void *context) {
    beacon_search search = {visit, context};
    dl_iterate_phdr(visit_object, &search);
}
