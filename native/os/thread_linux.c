/* The background thread without the C library's knowledge: by clone(2), on memory of its own.
 *
 * The allocator is also called from inside the C library with its locks held: glibc frees a thread's vector of
 * TLS blocks under the lock that pthread_create takes, and pthread_create allocates. A thread of pthread's would
 * also keep a process alive whose main thread has called pthread_exit, and make the C and C++ libraries of a
 * single-threaded program use locks and atomic counts from then on.
 *
 * So the thread has no descriptor that the C library knows, and must call no function that needs one. The
 * functions it calls set errno and check the stack protector's word: they find both from the thread pointer,
 * which points into zeroed memory of the right layout. */
#define _GNU_SOURCE
#include "os.h"

#include "thread_raw.h"

#ifdef SS_THREAD_RAW

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define CLOSE_RANGE_UNSHARE_FLAG 2u /* Linux 5.9 */

#define STACK_BYTES ((size_t)64 << 10)
#define DESCRIPTOR_BYTES ((size_t)4096) /* more than glibc's or musl's takes */
#define TLS_SLACK_BYTES ((size_t)64 << 10)

static char *memory; /* kept for the next one */
static size_t memory_bytes;
/* The kernel sets it when the thread starts and clears it when the thread no longer needs its stack. */
static _Atomic int alive;
static _Atomic int last; /* its number, to check whether it still exists; 0 if it does not */

/* ---- the machine ---- */

/* The new thread calls `main` with `run` and `name`, passed in registers, and ends. */
typedef void thread_function(void (*run)(void), const char *name);
static long thread_clone(unsigned long flags, char *stack, void *tls, thread_function *main,
                         void (*run)(void), const char *name) {
#ifdef __x86_64__
    long result = SYS_clone;
    register void *clear __asm__("r10") = (void *)&alive;
    register void *pointer __asm__("r8") = tls;
    register thread_function *function __asm__("r9") = main;
    register void (*first)(void) __asm__("r12") = run;
    register const char *second __asm__("r13") = name;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t" /* no frame above */
                     "mov %%r12, %%rdi\n\t"
                     "mov %%r13, %%rsi\n\t"
                     "call *%%r9\n\t"
                     "xor %%edi, %%edi\n\t"
                     "mov %[leave], %%eax\n\t"
                     "syscall\n\t"
                     "hlt\n"
                     "1:"
                     : "+a"(result)
                     : "D"(flags), "S"(stack), "d"(&alive), "r"(clear), "r"(pointer), "r"(function),
                       "r"(first), "r"(second), [leave] "i"(SYS_exit)
                     : "rcx", "r11", "cc", "memory");
    return result;
#else
    register long x0 __asm__("x0") = (long)flags;
    register char *x1 __asm__("x1") = stack;
    register void *x2 __asm__("x2") = (void *)&alive;
    register void *x3 __asm__("x3") = tls;
    register void *x4 __asm__("x4") = (void *)&alive;
    register thread_function *x5 __asm__("x5") = main;
    register void (*x6)(void) __asm__("x6") = run;
    register const char *x7 __asm__("x7") = name;
    register long x8 __asm__("x8") = SYS_clone;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t" /* no frame above */
                     "mov x0, x6\n\t"
                     "mov x1, x7\n\t"
                     "blr x5\n\t"
                     "mov x0, xzr\n\t"
                     "mov x8, %[leave]\n\t"
                     "svc #0\n\t"
                     "brk #0\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x6), "r"(x7),
                       "r"(x8), [leave] "i"(SYS_exit)
                     : "cc", "memory");
    return x0;
#endif
}

static char *thread_pointer(void) {
    char *pointer;
#ifdef __x86_64__
    __asm__("mov %%fs:0, %0" : "=r"(pointer));
#else
    __asm__("mrs %0, tpidr_el0" : "=r"(pointer));
#endif
    return pointer;
}

/* Bytes that must be readable on either side of the thread pointer: the descriptor on one side, errno and other
 * static TLS on the other. The pointer lies in the middle of a page, so that the few words that are used on
 * both sides are on the same page. */
typedef struct tls_extent {
    size_t below, above;
} tls_extent;

static tls_extent extent_of_tls(size_t page) {
    char *pointer = thread_pointer(), *error = (char *)&errno;
    size_t distance = error < pointer ? (size_t)(pointer - error) : (size_t)(error - pointer);
    size_t far = ((distance + TLS_SLACK_BYTES + page - 1) & ~(page - 1)) + page / 2;
    size_t near = ((DESCRIPTOR_BYTES + page - 1) & ~(page - 1)) + page / 2;
    return error < pointer ? (tls_extent){far, near} : (tls_extent){near, far};
}

static void descriptor_set(char *pointer) {
#ifdef __x86_64__
    /* The words that code reads without a descriptor: the pointer to itself, twice, and the stack protector's word
     * after it. The vector of TLS blocks stays NULL: no code on this thread may use it. */
    enum { SELF = 0, SELF_AGAIN = 2, GUARD = 5 };
    const uintptr_t *ours = (const uintptr_t *)(const void *)thread_pointer();
    uintptr_t *words = (uintptr_t *)(void *)pointer;
    words[SELF] = words[SELF_AGAIN] = (uintptr_t)pointer;
    words[GUARD] = ours[GUARD];
#else
    (void)pointer; /* the word is the process's, not the thread's */
#endif
}

/* ---- the thread ---- */

/* A call of setuid changes only the threads that the C library knows. So this thread gives up all capabilities,
 * of which it needs none. */
static void drop_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};
    syscall(SYS_capset, &header, none);
}

/* The starting thread may be bound to one processor, or have a high priority: neither is meant for this thread. */
static void forget_schedule(void) {
    enum { OTHER = 0, MASK_BYTES = 1024 };
    unsigned char mask[MASK_BYTES];
    int priority = 0;
    long process = syscall(SYS_getpid);
    long bytes =
        syscall(SYS_sched_getaffinity, process, sizeof mask, mask); /* the first thread's */
    if (bytes > 0)
        syscall(SYS_sched_setaffinity, 0, bytes, mask);
    if (syscall(SYS_sched_getscheduler, 0) != OTHER)
        syscall(SYS_sched_setscheduler, 0, OTHER, &priority);
}

static void thread_main(void (*run)(void), const char *name) {
    forget_schedule();
    drop_capabilities();
    /* An empty table of files of its own. In a shared one, a file that this thread opens could get a number that
     * the program has just closed and counts on. */
    syscall(SYS_close_range, 0u, ~0u, CLOSE_RANGE_UNSHARE_FLAG);
    /* setns(2) allows a change of the mount namespace only to a process that shares its root and working directory with
     * no task. Also, a shared working directory would be kept busy. */
    if (syscall(SYS_unshare, CLONE_FS) == 0)
        syscall(SYS_chdir, "/");
    /* The name comes last, so that a thread with this name is set up. */
    syscall(SYS_prctl, PR_SET_NAME, name, 0, 0, 0);
    run();
}

static bool memory_ready(size_t page, tls_extent tls) {
    if (memory != NULL)
        return true;
    size_t bytes = page + STACK_BYTES + tls.below + tls.above;
    char *start = ss_os_reserve(bytes, page);
    if (start == NULL)
        return false;
    if (!ss_os_commit(start + page, bytes - page)) { /* the first page is a guard */
        ss_os_release(start, bytes);
        return false;
    }
    memory = start;
    memory_bytes = bytes;
    return true;
}

bool ss_os_thread_start(void (*run)(void), const char *name) {
    int saved = errno;
    size_t page = ss_os_page_bytes();
    tls_extent tls = extent_of_tls(page);
    long tid = -1;
    /* Acquire: the thread before no longer uses its stack. */
    while (atomic_load_explicit(&alive, memory_order_acquire) != 0)
        ss_os_yield();
    if (memory_ready(page, tls)) {
        char *pointer = memory + memory_bytes - tls.above;
        char *stack = memory + page + STACK_BYTES;
        descriptor_set(pointer);
        uint64_t all = UINT64_MAX, before = 0;
        syscall(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &all, &before, sizeof all);
        /* It shares what a thread of pthread's does, because valgrind and user emulators refuse other flags. */
        tid = thread_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                               CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |
                               CLONE_CHILD_CLEARTID,
                           stack, pointer, thread_main, run, name);
        syscall(SYS_rt_sigprocmask, 2, &before, NULL, sizeof before);
    }
    if (tid > 0)
        atomic_store_explicit(&last, (int)tid, memory_order_relaxed);
    errno = saved;
    return tid > 0;
}

/* The kernel clears `alive` before the thread leaves the process's list of threads. */
bool ss_os_thread_gone(void) {
    enum { WAITS = 1000 };
    int saved = errno, tid = atomic_load_explicit(&last, memory_order_relaxed);
    bool gone = tid == 0;
    for (unsigned waits = 0; !gone && waits < WAITS; waits++) {
        gone = syscall(SYS_tgkill, (long)getpid(), (long)tid, 0L) != 0;
        if (!gone) {
            _Atomic uint32_t never = 0;
            ss_os_wait(&never, 0, 1);
        }
    }
    if (gone)
        atomic_store_explicit(&last, 0, memory_order_relaxed);
    errno = saved;
    return gone;
}

void ss_os_thread_forget(void) {
    atomic_store_explicit(&alive, 0, memory_order_relaxed);
    atomic_store_explicit(&last, 0, memory_order_relaxed);
}

#endif
