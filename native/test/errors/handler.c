/* The handler: called on the thread that noticed, with its context; it may return, leave by longjmp, or allocate. It
 * can be replaced, and the default restored. Every error has a name. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "stats.h"
#include "team.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

static pthread_t noticed_on;
static unsigned calls;
static jmp_buf out;

static void note(superslab_error error, const void *pointer, void *context) {
    CHECK_EQ(error, SUPERSLAB_ERROR_DOUBLE_FREE);
    CHECK_EQ(pointer, *(void **)context);
    noticed_on = pthread_self();
    calls++;
}

static void leave(superslab_error error, const void *pointer, void *context) {
    (void)pointer;
    (void)context;
    longjmp(out, (int)error);
}

static void allocate(superslab_error error, const void *pointer, void *context) {
    (void)error;
    (void)pointer;
    (void)context;
    void *blocks[300];
    for (size_t i = 0; i < 300; i++)
        blocks[i] = block_new(i * 10);
    for (size_t i = 0; i < 300; i++)
        superslab_free(blocks[i]);
    superslab_inspection found;
    superslab_inspect((uintptr_t)pointer, &found);
    superslab_trim();
    calls++;
}

static void free_twice(void *block) {
    superslab_free(block);
    superslab_free(block);
}

static void free_on_thread(unsigned index, void *block) {
    (void)index;
    free_twice(block);
    CHECK(pthread_equal(noticed_on, pthread_self()));
}

static void on_the_thread_that_noticed(void) {
    void *block = block_new(50);
    superslab_set_error_handler(note, &block);
    team_run(1, free_on_thread, block);
    CHECK_EQ(calls, 1);
    CHECK(!pthread_equal(noticed_on, pthread_self()));
}

static void left_by_longjmp(void) {
    void *volatile block = NULL;
    superslab_set_error_handler(leave, NULL);
    for (volatile int i = 0; i < 1000; i++) {
        if (setjmp(out) == 0) {
            block = block_new((size_t)i * 30);
            free_twice(block);
            CHECK(false); /* not reached: the handler left */
        }
        superslab_free(block_new((size_t)i * 30));
    }
}

static void allocates(void) {
    superslab_set_error_handler(allocate, NULL);
    for (size_t size = 10; size < 200000; size *= 3) {
        void *block = block_new(size);
        calls = 0;
        free_twice(block);
        CHECK_EQ(calls, 1);
    }
}

static void by_default(void *unused) {
    (void)unused;
    superslab_set_error_handler(note, NULL);
    superslab_set_error_handler(NULL, NULL);
    free_twice(block_new(10));
}

static void names(void) {
    const char *seen[SUPERSLAB_ERROR_WRONG_FREE + 1] = {NULL};
    for (int error = SUPERSLAB_ERROR_DOUBLE_FREE; error <= SUPERSLAB_ERROR_WRONG_FREE; error++) {
        seen[error] = superslab_error_name((superslab_error)error);
        CHECK(seen[error] != NULL && seen[error][0] != '\0');
        CHECK_EQ(seen[error], superslab_error_name((superslab_error)error));
        for (const char *c = seen[error]; *c != '\0'; c++)
            CHECK((*c >= 'a' && *c <= 'z') || *c == ' ');
        for (int other = SUPERSLAB_ERROR_DOUBLE_FREE; other < error; other++)
            CHECK(strcmp(seen[error], seen[other]) != 0);
    }
    CHECK(strcmp(seen[SUPERSLAB_ERROR_DOUBLE_FREE], "double free") == 0);
    CHECK(superslab_error_name((superslab_error)0) != NULL);
    CHECK(superslab_error_name((superslab_error)1000) != NULL);
}

int main(void) {
    const superslab_stats before = stats_start();
    names();
    on_the_thread_that_noticed();
    left_by_longjmp();
    allocates();
    stats_check_returned(&before);
    const child_result result = child_run(by_default, NULL);
    CHECK_EQ(result.signal, SIGABRT);
    CHECK(strncmp(result.text, "superslab: ", 11) == 0);
    CHECK(strstr(result.text, "double free") != NULL);
    if (!CHECK_EMULATED) /* an emulator adds a line about the signal */
        CHECK(strchr(result.text, '\n') == result.text + strlen(result.text) - 1);
}
