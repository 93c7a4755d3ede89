/* The platform, behind a written contract that each platform's files beside this one keep. native/README.md lists the
 * other code that depends on the platform. No function allocates; all preserve errno.
 * Addresses and sizes are page aligned and sizes not zero unless said otherwise. */
#ifndef SS_OS_H
#define SS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- memory ---- */

/* The size of a page; a power of two, the same at every call. */
size_t ss_os_page_bytes(void);

/* The largest page of all known systems; a power of two. */
#if defined(__x86_64__)
#define SS_OS_PAGE_MAX_BYTES 4096u
#elif defined(__APPLE__)
#define SS_OS_PAGE_MAX_BYTES 16384u
#else
#define SS_OS_PAGE_MAX_BYTES 65536u
#endif

/* Inaccessible addresses before and after each reservation, in addition to the request. */
#define SS_OS_MARGIN_BYTES ((size_t)64 << 10)

/* Addresses without memory behind them, aligned to `alignment` (a power of two, at least a page), at a
 * random place where the system lets a program choose. Any access faults, and a core dump leaves them out.
 * NULL when refused. */
void *ss_os_reserve(size_t bytes, size_t alignment);

/* A reservation that is meant to be extended: of `most` addresses at a random place, `bytes` from the offset
 * `first` on are reserved, and the others are likely to stay free. Returns the place itself, which has the
 * alignment. NULL when refused, and where the system does not let a program choose. */
void *ss_os_reserve_part(size_t most, size_t first, size_t bytes, size_t alignment);

typedef enum ss_os_extend_result {
    SS_OS_EXTENDED,
    SS_OS_OCCUPIED, /* another mapping is there */
    SS_OS_NO_MEMORY /* the system refuses */
} ss_os_extend_result;

/* Reserves the `bytes` that follow the end of a reservation, or that precede its start. Two calls for one
 * reservation must not overlap in time. */
ss_os_extend_result ss_os_extend_behind(void *end, size_t bytes);
ss_os_extend_result ss_os_extend_before(void *start, size_t bytes);

/* A random number for a secret. In hardened builds alone. */
uint64_t ss_os_random(void);

/* Lets the system back reservations made from now on with huge pages; by default it may not. */
void ss_os_allow_huge_pages(void);

/* Has the system name reservations made from now on, where it can. By default it is not asked: a sandbox may end a process
 * for a call that it does not know. */
void ss_os_allow_names(void);

/* Returns a whole reservation with its extensions. Only for metadata: the addresses of blocks are kept until exit. */
void ss_os_release(void *start, size_t bytes);

/* Makes reserved addresses readable, writable and part of a core dump; fresh ones read as zero, used ones
 * keep their contents, so calling it twice is harmless. False when the system refuses: nothing has changed. */
bool ss_os_commit(void *start, size_t bytes);

/* Makes memory of this process that is readable and writable read-only; ss_os_commit undoes it. False when the
 * system refuses. */
bool ss_os_protect(void *start, size_t bytes);

/* Makes reserved addresses readable and writable, by one call; what they hold is undefined. False when the system refuses.
 * ss_os_forbid makes them inaccessible, and gives their memory back; they may stay charged for. */
bool ss_os_permit(void *start, size_t bytes);
void ss_os_forbid(void *start, size_t bytes);

/* Undoes ss_os_commit: the addresses are reserved again, and no longer charged for. */
void ss_os_decommit(void *start, size_t bytes);

/* Makes committed addresses inaccessible; ss_os_commit undoes it, and finds their contents as they were. False when the
 * system refuses. In hardened builds alone. */
bool ss_os_shut(void *start, size_t bytes);

/* Gives the memory of committed addresses back; they stay usable and read as zero. False when the
 * system refuses (locked pages): the contents are then undefined, the memory may still be held. */
bool ss_os_purge(void *start, size_t bytes);

/* Backs fresh committed memory of the size and alignment of a huge page with one, as zeros. False if the system has none;
 * then a first page of it may be there. */
bool ss_os_fill_huge(void *start, size_t bytes);

/* Splits the huge page that is mapped at `start`, if one is, before a part of it is purged that begins there. */
void ss_os_split_huge(void *start);

/* As ss_os_purge, for addresses that ss_os_move wrote to: also lets the kernel join their mapping
 * with its neighbours again. */
bool ss_os_renew(void *start, size_t bytes);

typedef enum ss_os_move_result {
    SS_OS_MOVED,   /* the contents are at `to`; `from` is committed and reads as zero */
    SS_OS_REFUSED, /* `from` is untouched; `to` is committed, contents undefined */
    SS_OS_LOST     /* `from` is untouched; `to` may have another owner: never use it again */
} ss_os_move_result;

/* Moves pages between two committed ranges that do not overlap. At no moment does either range have an
 * unmapped part. */
ss_os_move_result ss_os_move(void *to, void *from, size_t bytes);

/* Leaves addresses of another owner's mapping out of core dumps, or puts them in again. */
void ss_os_dump(void *start, size_t bytes, bool dumped);

/* Leaves the addresses out of core dumps if all of them are mapped without access, as the guards around another owner's
 * memory are. Does nothing otherwise, or where the system does not say what is mapped. */
void ss_os_dump_no_guard(void *start, size_t bytes);

/* The limit on this process's address space, or SIZE_MAX. */
size_t ss_os_address_limit(void);

/* Reads one byte of the process's memory at any address. False if it cannot be read. */
bool ss_os_read_byte(uintptr_t address, uint8_t *out);

/* ---- threads ---- */

static inline void ss_os_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

void ss_os_yield(void);

/* Sleeps for about 0.1 ms, so that threads of a lower priority run, which a yield does not allow. */
void ss_os_nap(void);

/* A number that identifies the calling thread in its process, never 0. The child of a fork has the number of the
 * thread that forked. */
uintptr_t ss_os_thread_token_call(void);

static inline uintptr_t ss_os_thread_token(void) {
#if defined(__linux__) && defined(__x86_64__) && !defined(SS_THREAD_TOKEN_CALL)
    uintptr_t token;
    __asm__("mov %%fs:0, %0" : "=r"(token));
    return token;
#elif defined(__linux__) && defined(__aarch64__) && !defined(SS_THREAD_TOKEN_CALL)
    uintptr_t token;
    __asm__("mrs %0, tpidr_el0" : "=r"(token));
    return token;
#else
    return ss_os_thread_token_call();
#endif
}

/* Runs a full memory barrier on every running thread of this process before it returns. False where
 * the system has no such call. The first call in a process prepares it, which may take 30 ms if the process
 * has several threads. */
bool ss_os_barrier(void);

/* Whether the calling thread is the only one of this process. False if that is not known. */
bool ss_os_is_alone(void);

/* Has `destructor` run with the last value armed on each thread that ends. Called once. Arming a value
 * in the destructor makes it run once more, a few times. */
bool ss_os_thread_exit_init(void (*destructor)(void *value));
bool ss_os_thread_exit_arm(void *value);
/* The value armed on this thread, or NULL; before init too. */
void *ss_os_thread_exit_value(void);

/* Runs `run` on a thread that no signal reaches and that calls nothing of the C library which needs a
 * thread of the C library: no pthread function, no function that allocates or is a cancellation point. There is
 * one such thread at a time: the call waits for the end of the one before. The thread shares neither files nor
 * the working directory with the process. False when refused. Any thread may call it, with locks of the C
 * library held too. */
bool ss_os_thread_start(void (*run)(void), const char *name);
/* Waits until the thread that was started last has left this process; it must be about to end. False if that takes
 * long. */
bool ss_os_thread_gone(void);
/* In a forked child: there is no such thread any more. */
void ss_os_thread_forget(void);

/* Waits while *word is `value`, until woken, or for the given time; may return early. */
void ss_os_wait(_Atomic uint32_t *word, uint32_t value, uint32_t milliseconds);
/* Wakes the waiting threads; on a system without such a call they sleep on. */
void ss_os_wake(_Atomic uint32_t *word);

/* Blocks all signals for the calling thread, until the returned mask is set again. */
typedef struct ss_os_signals {
    uint64_t words[16]; /* at least as large as each system's sigset_t */
} ss_os_signals;
void ss_os_signals_block(ss_os_signals *before);
void ss_os_signals_restore(const ss_os_signals *before);

/* The C library may allocate in it. */
void ss_os_fork_init(void (*prepare)(void), void (*parent)(void), void (*child)(void));

/* Marks this process, if it has no mark yet or `again` is true. A copy of it, made by fork or by clone without CLONE_VM,
 * does not have the mark; a child that shares its memory has it. */
void ss_os_copy_mark(bool again);
/* Whether the mark is missing; `otherwise` where there is none or the system does not say. */
bool ss_os_is_copy(bool otherwise);

/* ---- process ---- */

/* The value of an environment variable, or NULL. NULL too in a program that has more rights than its
 * caller (setuid, setgid, file capabilities): the environment is the caller's. */
const char *ss_os_environment(const char *name);

/* Reads the beginning of a file as a string; false if it cannot be read or is empty. `path` ends with a
 * zero. */
bool ss_os_read_file(const char *path, char *text, size_t bytes);

/* Each line of a file, without its end, until `visit` returns true. The rest of a line of more than
 * a thousand characters is left out. */
typedef bool ss_os_visit_line(const char *line, void *context);
void ss_os_read_lines(const char *path, ss_os_visit_line *visit, void *context);

/* A mapping of this process, with what is resident of it. */
typedef struct ss_os_area {
    uintptr_t start, end;
    bool readable, writable, executable;
    bool shared;      /* with other processes, if they map it too */
    bool is_file;     /* of a file, or of shared memory */
    bool not_forked;  /* a child of fork does not get it */
    bool not_charged; /* the system does not count its addresses as promised memory */
    char name[128];   /* a file's path, or "[heap]" and the like; the end of a longer one */
    uint64_t resident, anonymous; /* bytes; anonymous: no page of a file */
} ss_os_area;

/* Each mapping, in the order of addresses; none where the system does not tell. */
typedef void ss_os_visit_area(const ss_os_area *mapping, void *context);
void ss_os_each_area(ss_os_visit_area *visit, void *context);

/* This process's resident memory; 0 where the system does not tell. */
uint64_t ss_os_resident_bytes(void);

/* Appends a text of at most 4,096 bytes to a file, made if there is none, by one write. Does not wait: false if the file
 * does not take the whole text now. */
bool ss_os_append(const char *path, const char *text, size_t bytes);

uint32_t ss_os_process_id(void);

/* Nanoseconds since 1970. */
uint64_t ss_os_time_nanoseconds(void);

/* Nanoseconds since a fixed moment; never decreases. */
uint64_t ss_os_clock_nanoseconds(void);

/* A page, zeroed, that this process writes and that other processes may read through /proc/PID/fd, where it is
 * called /memfd:NAME. Its descriptor is closed by exec and lies above those of the program. */
typedef struct ss_os_page {
    void *start;
    int descriptor;
    uint64_t device, inode;
} ss_os_page;

/* False where the system has no such page or refuses it. */
bool ss_os_page_share(const char *name, ss_os_page *page);
/* Another descriptor of the page, for a thread that does not share the process's; -1 if there is none. */
int ss_os_page_open(const ss_os_page *page);
/* A lock that another process holds on bytes of the page from `start` on, below `end`. A process that may read the page
 * may lock bytes of it, beyond its length too. False if there is none. */
bool ss_os_page_locked(int descriptor, uint64_t start, uint64_t end, uint64_t *at, uint64_t *count);

/* A file without a name, which is gone when it is closed; -1 if the system refuses. */
int ss_os_memory_file(const char *name);
void ss_os_close(int descriptor);
/* The number of the calling thread in /proc/PID/task. */
uint32_t ss_os_thread_number(void);

/* Unmaps the page, and closes its descriptor unless the program has made it another file's. */
void ss_os_page_unshare(const ss_os_page *page);

/* A file that this process writes through mappings of its parts, so that the system keeps the written bytes even if the
 * process is killed. Its descriptor is closed by exec and lies above those of the program. */
typedef struct ss_os_log {
    int descriptor;
    uint64_t device, inode;
    uint64_t bytes; /* its length */
} ss_os_log;

typedef enum ss_os_log_result {
    SS_OS_LOG_MADE,
    SS_OS_LOG_EXISTS,
    SS_OS_LOG_REFUSED
} ss_os_log_result;

/* Makes a new file; fails if the file exists. */
ss_os_log_result ss_os_log_create(const char *path, ss_os_log *log);
/* Extends the file by `bytes`, with room on the disk, and maps them; they read as zero. NULL when refused. `path` is
 * the file's path, for the case that the program has closed its descriptor. */
void *ss_os_log_extend(ss_os_log *log, const char *path, size_t bytes);
/* Extends the file by a copy of `bytes`, which costs less than writing to a new mapping. False when refused: what was
 * written may then be there in part, and the file takes no more. */
bool ss_os_log_append(ss_os_log *log, const char *path, const void *part, size_t bytes);
void ss_os_log_unmap(void *part, size_t bytes);
/* In a copy of the process that made the file: memory of this process takes the part's place. */
void ss_os_log_leave(void *part, size_t bytes);

/* Zeroed memory that keeps what is stored in it, but reads as zero in a copy of this process, however it was made; NULL
 * where the system has none. Not in a child that shares this memory. */
void *ss_os_copy_memory(size_t bytes);

/* One write to stderr. */
void ss_os_write_error(const char *text, size_t bytes);
/* The same for the thread of ss_os_thread_start, which does not share the program's files; at most 4,096 bytes. Does not
 * wait. False where the system refuses or stderr does not take the whole text now. */
bool ss_os_write_error_of_process(const char *text, size_t bytes);

_Noreturn void ss_os_abort(void);

/* The beacons of all copies of superslab in this process in load order, until `visit` returns
 * true. `file` is the path of the object that holds it, empty for the program itself. */
struct ss_beacon;
typedef bool ss_os_visit_beacon(uint32_t abi, struct ss_beacon *beacon, const char *file,
                                void *context);
void ss_os_each_beacon(ss_os_visit_beacon *visit, void *context);

#endif
