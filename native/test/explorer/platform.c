/* os.h for the explorer: addresses from one fixed piece of memory, threads that are coroutines. */
#include "platform.h"

#include "base/config.h"
#include "memory.h"
#include "os/fault.h"
#include "os/os.h"
#include "os/profile.h"
#include "schedule.h"
#include "undo.h"

#include <sys/mman.h>

/* Larger requests are refused: the scenarios need only the smallest region. */
enum { RESERVE_MAX = 16 << 20, PAGE_BYTES = 4096 };
/* Enough for two lives of the background thread that finds nothing to do. */
enum { BRIEF_WAITS = 2 * SS_SCAVENGER_END_TICKS, UNLIMITED = -1 };
#define ARENA_BYTES ((size_t)1 << 30)

static char *arena;
static size_t arena_used;
static void (*thread_destructor)(void *value);
static void *exit_values[EXPLORER_THREADS_MAX];
static unsigned refusals_left;
static void (*started)(void);
static int waits_left = UNLIMITED; /* brief ones, in this execution */
static void (*fork_child)(void);
static uint64_t clock_now;

void platform_start(void) {
    arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena == MAP_FAILED)
        explorer_fail("no memory");
}

static void refuse(unsigned reservations) {
    undo_write(&refusals_left, &reservations, sizeof reservations);
}

void platform_refuse_space(size_t least) {
    unsigned sizes = 0;
    for (size_t bytes = RESERVE_MAX; bytes >= least; bytes /= 2)
        sizes++;
    refuse(sizes);
}

void platform_wait_briefly(void) {
    waits_left = BRIEF_WAITS;
}

void (*platform_thread_started(void))(void) {
    return started;
}

void platform_thread_end(void) {
    void **value = &exit_values[explorer_thread()], *last = *value, *none = NULL;
    undo_write(value, &none, sizeof none);
    if (last != NULL)
        thread_destructor(last);
}

/* ---- memory ---- */

size_t ss_os_page_bytes(void) {
    return PAGE_BYTES;
}

void *ss_os_reserve(size_t bytes, size_t alignment) {
    const uintptr_t free = (uintptr_t)arena + arena_used;
    const size_t start = ((free + alignment - 1) & -alignment) - (uintptr_t)arena;
    if (bytes > RESERVE_MAX || start + bytes > ARENA_BYTES)
        return NULL;
    if (refusals_left > 0) {
        refuse(refusals_left - 1);
        return NULL;
    }
    const size_t end = start + bytes;
    undo_write(&arena_used, &end, sizeof end);
    return arena + start;
}

/* The whole is reserved at once. */
void *ss_os_reserve_part(size_t most, size_t first, size_t bytes, size_t alignment) {
    (void)most;
    (void)first;
    (void)bytes;
    (void)alignment;
    return NULL;
}

ss_os_extend_result ss_os_extend_behind(void *end, size_t bytes) {
    (void)end;
    (void)bytes;
    return SS_OS_OCCUPIED;
}

ss_os_extend_result ss_os_extend_before(void *start, size_t bytes) {
    (void)start;
    (void)bytes;
    return SS_OS_OCCUPIED;
}

void ss_os_dump(void *start, size_t bytes, bool dumped) {
    (void)start;
    (void)bytes;
    (void)dumped;
}

void ss_os_dump_no_guard(void *start, size_t bytes) {
    (void)start;
    (void)bytes;
}

void ss_os_allow_huge_pages(void) {}

void ss_os_allow_names(void) {}

void ss_os_release(void *start, size_t bytes) {
    memory_forbid(start, bytes);
}

bool ss_os_commit(void *start, size_t bytes) {
    memory_commit(start, bytes);
    return true;
}

bool ss_os_protect(void *start, size_t bytes) {
    (void)start;
    (void)bytes;
    return false;
}

/* No scenario guards blocks. */
bool ss_os_permit(void *start, size_t bytes) {
    (void)start;
    (void)bytes;
    return false;
}

void ss_os_forbid(void *start, size_t bytes) {
    (void)start;
    (void)bytes;
}

void ss_os_fault_watch(ss_os_fault_handler *handler) {
    (void)handler;
}

void ss_os_decommit(void *start, size_t bytes) {
    memory_forbid(start, bytes);
}

/* In hardened builds alone. The same number each time: executions must be repeatable. */
uint64_t ss_os_random(void) {
    return UINT64_C(0x9e3779b97f4a7c15);
}

bool ss_os_shut(void *start, size_t bytes) {
    memory_forbid(start, bytes);
    return true;
}

static bool purges;

void platform_purge(void) {
    purges = true;
}

bool ss_os_purge(void *start, size_t bytes) {
    (void)start;
    (void)bytes;
    return purges;
}

bool ss_os_fill_huge(void *start, size_t bytes) {
    (void)start;
    (void)bytes;
    return false;
}

void ss_os_split_huge(void *start) {
    (void)start;
}

bool ss_os_renew(void *start, size_t bytes) {
    return ss_os_purge(start, bytes);
}

ss_os_move_result ss_os_move(void *to, void *from, size_t bytes) {
    (void)to;
    (void)from;
    (void)bytes;
    return SS_OS_REFUSED;
}

size_t ss_os_address_limit(void) {
    return SIZE_MAX;
}

bool ss_os_read_byte(uintptr_t address, uint8_t *out) {
    if (address - (uintptr_t)arena >= ARENA_BYTES)
        return false;
    *out = *(const uint8_t *)address;
    return true;
}

/* ---- threads ---- */

void ss_os_yield(void) {
    enum { ALONE_MAX = 10000 };
    static unsigned alone; /* yields in a row outside of an exploration */
    alone = explorer_is_exploring() ? 0 : alone + 1;
    if (alone > ALONE_MAX) {
        alone = 0;
        explorer_fail("a thread waits for ever, alone");
    }
    schedule_yield();
}

uintptr_t ss_os_thread_token_call(void) {
    return explorer_thread() + 16; /* differs from all numbers that stand for no thread */
}

void ss_os_signals_block(ss_os_signals *before) {
    (void)before;
}

void ss_os_signals_restore(const ss_os_signals *before) {
    (void)before;
}

void ss_os_copy_mark(bool again) {
    (void)again;
}

bool ss_os_is_copy(bool otherwise) {
    return otherwise;
}

bool ss_os_barrier(void) {
    memory_barrier_everywhere();
    return true;
}

bool ss_os_is_alone(void) {
    return true;
}

bool ss_os_thread_exit_init(void (*destructor)(void *value)) {
    undo_write(&thread_destructor, &destructor, sizeof destructor);
    return true;
}

bool ss_os_thread_exit_arm(void *value) {
    if (thread_destructor == NULL)
        return false;
    undo_write(&exit_values[explorer_thread()], &value, sizeof value);
    return true;
}

void *ss_os_thread_exit_value(void) {
    return exit_values[explorer_thread()];
}

void ss_os_fork_init(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
    (void)prepare;
    (void)parent;
    fork_child = child;
}

void platform_forked(void) {
    fork_child();
}

/* Starts no thread: a scenario parks and purges in its own threads, or has one of them run this. */
bool ss_os_thread_start(void (*run)(void), const char *name) {
    (void)name;
    undo_write(&started, &run, sizeof run);
    return true;
}

bool ss_os_thread_gone(void) {
    return true;
}

void ss_os_thread_forget(void) {}

void ss_os_wait(_Atomic uint32_t *word, uint32_t value, uint32_t milliseconds) {
    (void)word;
    (void)value;
    const uint64_t later = clock_now + (uint64_t)milliseconds * 1000000;
    undo_write(&clock_now, &later, sizeof later);
    if (waits_left == UNLIMITED) {
        schedule_sleep();
        return;
    }
    if (waits_left == 0) {
        schedule_stop();
        return;
    }
    const int less = waits_left - 1;
    undo_write(&waits_left, &less, sizeof less);
}

void ss_os_wake(_Atomic uint32_t *word) {
    (void)word;
}

void ss_os_nap(void) {
    ss_os_yield();
}

/* ---- process ---- */

const char *ss_os_environment(const char *name) {
    (void)name;
    return NULL;
}

/* No scenario runs the scavenger's watch over a container. */
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
    (void)text;
    (void)bytes;
    return false;
}

uint32_t ss_os_process_id(void) {
    return 1;
}

uint64_t ss_os_time_nanoseconds(void) {
    return clock_now;
}

uint64_t ss_os_clock_nanoseconds(void) {
    return clock_now;
}

bool ss_os_page_share(const char *name, ss_os_page *page) {
    (void)name;
    (void)page;
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
    return 1;
}

/* A scenario may count what is handed out, but takes no samples. */
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

void ss_os_function_find(const char *file, uint64_t offset, ss_os_function *out) {
    (void)file;
    *out = (ss_os_function){.address = offset};
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

size_t ss_os_program_path(char *path, size_t bytes) {
    (void)bytes;
    path[0] = '\0';
    return 0;
}

uintptr_t ss_os_program_start(void) {
    return 0;
}

uintptr_t ss_os_thread_end(void) {
    return 0;
}

bool ss_os_read_file(const char *path, char *text, size_t bytes) {
    (void)path;
    (void)bytes;
    text[0] = '\0';
    return false;
}

void ss_os_read_lines(const char *path, ss_os_visit_line *visit, void *context) {
    (void)path;
    (void)visit;
    (void)context;
}

void ss_os_write_error(const char *text, size_t bytes) {
    explorer_fail("%.*s", (int)bytes - 1, text);
}

_Noreturn void ss_os_abort(void) {
    explorer_fail("aborted");
}

void ss_os_each_beacon(ss_os_visit_beacon *visit, void *context) {
    (void)visit;
    (void)context;
}
