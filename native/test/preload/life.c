/* From before the first constructor to after the last destructor, of the process and of threads. */
#include "check.h"
#include "pattern.h"
#include "served.h"
#include "team.h"

#include <pthread.h>
#include <stdlib.h>

enum { COUNT = 300 };

static void *early[COUNT], *late[COUNT];
static pthread_key_t key;

static void fill(void **blocks) {
    for (size_t i = 0; i < COUNT; i++) {
        CHECK((blocks[i] = malloc(i * 50)) != NULL);
        pattern_fill(blocks[i], i * 50, i);
    }
}

static void check_and_free(void **blocks) {
    for (size_t i = 0; i < COUNT; i++) {
        CHECK(pattern_intact(blocks[i], i * 50, i));
        free(blocks[i]);
    }
}

/* Before any constructor, those of libraries included. */
static void before_constructors(int count, char **arguments, char **environment) {
    (void)count, (void)arguments, (void)environment;
    fill(early);
}
__attribute__((section(".preinit_array"),
               used)) static void (*const preinit)(int, char **, char **) = before_constructors;

/* musl runs no .preinit_array: its earliest is the program's own first constructor. */
__attribute__((constructor(101))) static void first_constructor(void) {
    if (early[0] == NULL)
        fill(early);
}

static void at_exit(void) {
    check_and_free(late);
    fill(late);
}

__attribute__((destructor(101))) static void after_main(void) {
    check_and_free(early);
    check_and_free(late);
    served_churn(1, 2000, 200000);
}

/* The C library calls it again while it sets its key; after the last round it frees the rest. */
static void at_thread_end(void *value) {
    static _Thread_local unsigned rounds;
    served_churn((uintptr_t)value, 500, 100000);
    if (rounds++ < 3)
        pthread_setspecific(key, value);
}

static void work(unsigned index, void *unused) {
    (void)unused;
    CHECK_EQ(pthread_setspecific(key, (void *)(uintptr_t)(index + 1)), 0);
    served_churn(index, 2000, 100000);
}

int main(void) {
    CHECK_EQ(pthread_key_create(&key, at_thread_end), 0);
    fill(late);
    CHECK_EQ(atexit(at_exit), 0);
    const superslab_api *api = served_api();
    team_run(8, work, NULL);
    superslab_stats before, after;
    api->functions->get_stats(&before);
    for (int i = 0; i < 20; i++)
        team_run(8, work, NULL);
    api->functions->get_stats(&after);
    CHECK_LE(after.live_blocks, before.live_blocks + 50); /* the C library's, not a thread's each */
}
