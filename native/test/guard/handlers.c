/* The program's own handler of a fault stays: set before the guards or after them, called from another one, replaced, put
 * back, or left by a jump. Faults elsewhere are the program's alone. */
#include "check.h"
#include "guard.h"

#include "superslab.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf out;
static volatile sig_atomic_t first_calls, second_calls;
static struct sigaction found; /* by second */
static void *volatile fault_address;

static void say(const char *text) {
    CHECK_EQ(write(STDERR_FILENO, text, strlen(text)), strlen(text));
}

static void first(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    first_calls++;
    fault_address = info->si_addr;
    siglongjmp(out, 1);
}

static void simple(int number) {
    say(number == SIGSEGV || number == SIGBUS ? "simple\n" : "wrong number\n");
    _exit(3);
}

/* Calls the action that it found, as programs do that keep another one's handler. */
static void second(int number, siginfo_t *info, void *context) {
    second_calls++;
    if ((found.sa_flags & SA_SIGINFO) != 0)
        found.sa_sigaction(number, info, context);
    say("returned\n");
    _exit(4);
}

typedef void action_function(int number, siginfo_t *info, void *context);

static void action_set(action_function *function, struct sigaction *before) {
    struct sigaction action = {.sa_sigaction = function, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    CHECK_EQ(sigaction(SIGBUS, &action, before), 0);
    CHECK_EQ(sigaction(SIGSEGV, &action, before), 0);
}

/* What no guard has to do with. */
static uint8_t *elsewhere(void) {
    void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
    CHECK_NE(page, MAP_FAILED);
    return page;
}

static uint8_t *freed(void) {
    uint8_t *block = guard_new(64);
    superslab_free(block);
    return block;
}

/* Makes a fault that the first handler leaves by a jump. */
static void fault_and_leave(uint8_t *at) {
    const int before = first_calls;
    if (sigsetjmp(out, 1) == 0)
        guard_write(at);
    CHECK_EQ(first_calls, before + 1);
    CHECK_EQ(fault_address, at);
}

static void set_before(void *context) {
    (void)context;
    action_set(first, NULL);
    for (unsigned i = 0; i < 3; i++) {
        fault_and_leave(freed());
        fault_and_leave(elsewhere());
    }
    say("done\n");
}

static void set_after(void *context) {
    (void)context;
    superslab_free(guard_new(64));
    action_set(first, NULL);
    uint8_t *block = freed(); /* with its sample the guards' handler takes its place before it */
    fault_and_leave(block);
    fault_and_leave(block); /* the second access of the block is not reported again */
    say("done\n");
}

/* The second handler calls the first by way of ours, which it found in the first one's place. */
static void chained(void *context) {
    (void)context;
    action_set(first, NULL);
    superslab_free(guard_new(64));
    action_set(second, &found);
    fault_and_leave(freed());
    CHECK_EQ(second_calls, 1);
    fault_and_leave(elsewhere());
    CHECK_EQ(second_calls, 2);
    say("done\n");
}

/* The second handler was there for a while, and a sample was taken then; the program puts back what it found. */
static void put_back(void *context) {
    (void)context;
    action_set(first, NULL);
    superslab_free(guard_new(64));
    for (unsigned i = 0; i < 8; i++) {
        action_set(second, &found);
        superslab_free(guard_new(64));
        CHECK_EQ(sigaction(SIGSEGV, &found, NULL), 0);
        CHECK_EQ(sigaction(SIGBUS, &found, NULL), 0);
        fault_and_leave(freed());
    }
    CHECK_EQ(second_calls, 0);
    say("done\n");
}

static void simple_handler(void *context) {
    (void)context;
    signal(SIGSEGV, simple);
    signal(SIGBUS, simple);
    guard_write(freed());
}

static void fault_elsewhere(void *context) {
    (void)context;
    superslab_free(guard_new(64));
    guard_write(elsewhere());
}

static void sent(void *context) {
    (void)context;
    superslab_free(guard_new(64));
    kill(getpid(), SIGSEGV);
    for (;;)
        pause();
}

static void ignored(void *context) {
    (void)context;
    signal(SIGSEGV, SIG_IGN);
    superslab_free(guard_new(64));
    kill(getpid(), SIGSEGV); /* is ignored still */
    say("done\n");
}

/* On an alternate stack of the size that programs usually give it. */
static void *on_small_stack(void *context) {
    static _Alignas(16) char memory[16384];
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    (void)context;
    CHECK_EQ(sigaltstack(&stack, NULL), 0);
    guard_write(freed());
    return NULL;
}

static void alternate_stack(void *context) {
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, on_small_stack, context), 0);
    pthread_join(thread, NULL);
}

/* Two threads at once: at least one report, whole. */
static void *fault_at(void *block) {
    guard_write(block);
    return NULL;
}

static void two_threads(void *context) {
    (void)context;
    pthread_t threads[2];
    uint8_t *blocks[2] = {guard_new(64), guard_new(64)};
    for (unsigned i = 0; i < 2; i++)
        superslab_free(blocks[i]);
    for (unsigned i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, fault_at, blocks[i]), 0);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static unsigned count_of(const char *text, const char *what) {
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

/* The child ends by itself, after a number of reports. */
static void check_done(void (*function)(void *), unsigned reports, const char *end) {
    const child_result result = child_run(function, NULL);
    CHECK_THAT(result.signal == 0 &&
                   count_of(result.text, "superslab: use after free") == reports &&
                   strstr(result.text, end) != NULL,
               "%d %d %s", result.signal, result.code, result.text);
}

int main(void) {
    guard_begin(100);
    check_done(set_before, 3, "done\n");
    check_done(set_after, 1, "done\n");
    check_done(chained, 1, "done\n");
    check_done(put_back, 8, "done\n");
    check_done(simple_handler, 1, "simple\n");
    check_done(ignored, 0, "done\n");
    child_result result = child_run(fault_elsewhere, NULL);
    guard_check_fault_end(&result);
    CHECK_EQ(count_of(result.text, "superslab:"), 0);
    result = child_run(sent, NULL);
    guard_check_fault_end(&result);
    CHECK_EQ(count_of(result.text, "superslab:"), 0);
    if (!CHECK_SANITIZED) { /* whose handlers need more */
        result = child_run(alternate_stack, NULL);
        guard_check_fault_end(&result);
        CHECK_EQ(count_of(result.text, "superslab: use after free"), 1);
        CHECK_EQ(count_of(result.text, "  allocated "), 1);
    }
    result = child_run(two_threads, NULL);
    guard_check_fault_end(&result);
    CHECK_GE(count_of(result.text, "superslab: use after free"), 1);
    /* The process may end in the middle of the second report. */
    CHECK_GE(count_of(result.text, "  allocated "), 1);
}
