/* Allocation on stacks that are not the thread's own, and with frame pointers that point anywhere: the walk ends, the
 * program goes on, and the sample is counted. */
#include "check.h"
#include "profile.h"
#include "superslab.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__linux__) && !CHECK_SANITIZED
#define HAS_CONTEXTS 1
#include <ucontext.h>
#else
#define HAS_CONTEXTS 0
#endif

enum { SITE_BYTES = 512, STACK_BYTES = 64 << 10, BLOCKS = 20 };

static volatile unsigned done;

PROFILE_SITE static void allocate(void) {
    for (unsigned i = 0; i < BLOCKS; i++)
        superslab_free(superslab_malloc(1000 + i));
    done++;
}

/* ---- a signal's stack ---- */

PROFILE_SITE static void on_signal(int number) {
    (void)number;
    allocate();
    done++;
}

PROFILE_SITE static void raises(void) {
    raise(SIGUSR1);
    done++;
}

static void on_signal_stack(void) {
    static char memory[STACK_BYTES];
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    CHECK_EQ(sigaltstack(&stack, NULL), 0);
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    raises();
    profile_read();
    CHECK_GE(profile_of((const void *)(uintptr_t)on_signal, SITE_BYTES).objects, BLOCKS - 2);
#if !CHECK_SANITIZED
    /* Through the frame of the signal, back to the thread's stack. */
    CHECK_GE(profile_of((const void *)(uintptr_t)raises, SITE_BYTES).objects, BLOCKS - 2);
#endif
}

/* ---- fibers ---- */

#if HAS_CONTEXTS
static ucontext_t main_context, fiber_context;

PROFILE_SITE static void fiber(void) {
    allocate();
    done++;
}

/* On a stack between two pages that cannot be read, which is unmapped afterwards. */
static void on_fiber(void) {
    char *memory = mmap(NULL, STACK_BYTES + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_EQ(mprotect(memory + 4096, STACK_BYTES, PROT_READ | PROT_WRITE), 0);
    CHECK_EQ(getcontext(&fiber_context), 0);
    fiber_context.uc_stack.ss_sp = memory + 4096;
    fiber_context.uc_stack.ss_size = STACK_BYTES;
    fiber_context.uc_link = &main_context;
    makecontext(&fiber_context, fiber, 0);
    CHECK_EQ(swapcontext(&main_context, &fiber_context), 0);
    munmap(memory, STACK_BYTES + 8192);
    allocate();
}

static void on_fibers(void) {
    for (unsigned i = 0; i < 50; i++)
        on_fiber();
    profile_read();
    CHECK_GE(profile_of((const void *)(uintptr_t)fiber, SITE_BYTES).objects, 50 * (BLOCKS - 2));
}
#endif

/* ---- frame pointers ---- */

#if defined(__x86_64__) && !CHECK_SANITIZED
static void *unmapped;

/* Code without a table, as an engine generates it: it sets the frame pointer and calls. */
static void with_pointer(uintptr_t value) {
    static const unsigned char code[] = {
        0x55,             /* push %rbp */
        0x48, 0x89, 0xfd, /* mov %rdi, %rbp */
        0xff, 0xd6,       /* call *%rsi */
        0x5d,             /* pop %rbp */
        0xc3,             /* ret */
    };
    static void (*run)(uintptr_t, void (*)(void));
    if (run == NULL) {
        char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(page != MAP_FAILED);
        memcpy(page, code, sizeof code);
        CHECK_EQ(mprotect(page, 4096, PROT_READ | PROT_EXEC), 0);
        memcpy(&run, &page, sizeof run);
    }
    run(value, allocate);
}

/* The frame pointer leads to itself, back down, or round in a circle. */
static void with_pointers(void) {
    uintptr_t ring[64];
    for (unsigned i = 0; i < 64; i++)
        ring[i] = (uintptr_t)&ring[(i * 7 + 2) % 64 & ~1u];
    uintptr_t values[] = {0,
                          8,
                          1,
                          (uintptr_t)-16,
                          (uintptr_t)unmapped,
                          (uintptr_t)unmapped + 4096 - 8,
                          UINT64_C(0x8000000000000000),
                          (uintptr_t)ring,
                          (uintptr_t)&ring[10],
                          (uintptr_t)&ring[63] + 4,
                          (uintptr_t)&values};
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++)
        with_pointer(values[i]);
}
#endif

/* ---- depth ---- */

PROFILE_SITE static unsigned deep(unsigned depth) {
    if (depth == 0)
        allocate();
    else
        deep(depth - 1);
    return ++done;
}

static void *on_thread(void *unused) {
    (void)unused;
    deep(500);
#if HAS_CONTEXTS
    on_fibers();
#endif
    return NULL;
}

int main(void) {
    profile_begin(1);
    allocate();
    profile_read();
    CHECK_GE(profile_of((const void *)(uintptr_t)main, 1024).objects, BLOCKS - 2);
    on_signal_stack();
#if HAS_CONTEXTS
    on_fibers();
#endif
#if defined(__x86_64__) && !CHECK_SANITIZED
    unmapped = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    with_pointers();
#endif
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, on_thread, NULL), 0);
    pthread_join(thread, NULL);
    const profile_totals totals = profile_read();
    CHECK(totals.whole);
    CHECK_EQ(totals.lost, 0);
    CHECK_LE(profile_of((const void *)(uintptr_t)deep, SITE_BYTES).frames_most, 128);
    CHECK_GE(profile_of((const void *)(uintptr_t)deep, SITE_BYTES).frames_most, 100);
}
