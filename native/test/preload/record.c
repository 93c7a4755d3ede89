/* A recording has all of a program's calls: of each function and thread, in an order in which no block begins where
 * another one lives; and it is there after a kill, in a file of its own for a forked child. */
#include "check.h"
#include "child.h"
#include "recording.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 20000, SLOTS = 64 };

static char folder[] = "/tmp/superslab-record-XXXXXX";

static const char *name(const char *suffix) {
    static char path[128];
    snprintf(path, sizeof path, "%s/file%s", folder, suffix);
    return path;
}

/* ---- the recorded program: this one again, with an argument ---- */

static void family(void) {
    for (unsigned i = 0; i < 1000; i++) {
        void *block = NULL, *a = malloc(120), *b = calloc(3, 100), *c = aligned_alloc(64, 128);
        CHECK_EQ(posix_memalign(&block, 4096, 100000), 0);
        b = realloc(b, 4000);
        a = realloc(a, 110); /* stays */
        void *none = malloc(0), *grown = realloc(malloc(0), 10);
        free(none);
        free(grown);
        free(a);
        free(b);
        free(c);
        free(block);
    }
}

static _Atomic(void *) shared[SLOTS];

/* Any thread frees any block. */
static atomic_uint swaps;

static void *swap(void *seed) {
    for (unsigned i = 0; i < ROUNDS; i++) {
        const unsigned draw = (i + (unsigned)(uintptr_t)seed) * 2654435761u;
        free(malloc(70000)); /* another thread's the moment after */
        void *block = malloc(draw % 3000 + 1);
        if (draw % 7 == 0)
            block = realloc(block, draw % 9000 + 1);
        free(atomic_exchange(&shared[draw >> 16 & (SLOTS - 1)], block));
        atomic_fetch_add(&swaps, 1);
    }
    return NULL;
}

static void threads(void) {
    pthread_t team[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&team[i], NULL, swap, (void *)i), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(team[i], NULL);
}

static void forks(void) {
    void *volatile inherited = malloc(100);
    for (unsigned i = 0; i < 2; i++)
        if (fork() == 0) {
            free(inherited);
            threads();
            _exit(0);
        }
    while (wait(NULL) > 0)
        ;
    family();
    free(inherited);
}

static void killed(void) {
    family();
    raise(SIGKILL);
}

static atomic_bool is_endless;

static void *swap_on(void *seed) {
    do
        swap(seed);
    while (atomic_load(&is_endless));
    return NULL;
}

/* Wherever its threads are. */
static void killed_at_work(void) {
    pthread_t one;
    atomic_store(&is_endless, true);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&one, NULL, swap_on, (void *)i), 0);
    while (atomic_load(&swaps) < 2000)
        sched_yield();
    usleep((unsigned)getpid() * 7919u % 10000);
    raise(SIGKILL);
}

/* More than the limit on the length of a file allows. */
static void limited(void) {
    for (unsigned i = 0; i < 40; i++)
        family();
}

/* Closes what it does not know, as a daemon does. */
static void closes(void) {
    family();
    for (int descriptor = 3; descriptor < 1024; descriptor++)
        close(descriptor);
    for (unsigned i = 0; i < 10; i++)
        family();
}

static const struct {
    const char *name;
    void (*run)(void);
} programs[] = {{"family", family},
                {"threads", threads},
                {"forks", forks},
                {"killed", killed},
                {"killed-at-work", killed_at_work},
                {"limited", limited},
                {"closes", closes}};

/* ---- the test ---- */

static recording of(const char *program, const char *suffix) {
    char self[512] = "";
    CHECK_GT(readlink("/proc/self/exe", self, sizeof self - 1), 0);
    setenv("SUPERSLAB_RECORD", name(""), 1);
    child_result result = child_execute((char *[]){self, (char *)(uintptr_t)program, NULL});
    unsetenv("SUPERSLAB_RECORD");
    if (strncmp(program, "killed", 6) == 0)
        CHECK_EQ(result.signal, SIGKILL);
    else
        child_check_clean(&result);
    CHECK((strstr(result.text, "limit on files is full") != NULL) ==
          (strcmp(program, "limited") == 0));
    recording found = {.threads = 0};
    char list[256], path[sizeof list + sizeof folder + 1];
    snprintf(list, sizeof list, "ls %s | head -1", folder);
    FILE *names = popen(list, "r");
    CHECK(fgets(list, sizeof list, names) != NULL);
    pclose(names);
    list[strcspn(list, "\n")] = '\0';
    snprintf(path, sizeof path, "%s/%s%s", folder, list, suffix);
    CHECK(recording_read(path, &found));
    return found;
}

static void empty(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -f %s/*", folder);
    CHECK_EQ(system(command), 0);
}

/* Beside the program's own calls there are a few of the C library's. */
static void check_family(const recording *found, unsigned times) {
    CHECK_GE(found->calls[1], 3000 * times);
    CHECK_LE(found->calls[1], 3000 * times + 100);
    CHECK_GE(found->calls[2], 1000 * times);
    CHECK_EQ(found->calls[3], 3000 * times);
    CHECK_EQ(found->calls[4], 1000 * times);
    CHECK_EQ(found->calls[5], 1000 * times);
    CHECK_GE(found->calls[8], 6000 * times);
    CHECK_EQ(found->doubled, 0);
    CHECK_EQ(found->unmatched, 0);
    CHECK_LE(found->live, 100);
}

static void check_functions(void) {
    recording found = of("family", "");
    check_family(&found, 1);
    CHECK(strstr(found.command, "record") != NULL);
    CHECK_EQ(found.stopped, 0);
    empty();
    found = of("killed", "");
    check_family(&found, 1);
    empty();
    found = of("closes", "");
    check_family(&found, 11);
    CHECK_LE(found.bytes / found.records,
             8); /* of a short recording the last part is mostly empty */
    empty();
}

static void check_threads(void) {
    const recording found = of("threads", "");
    CHECK_GE(found.calls[1], THREADS * ROUNDS);
    CHECK_GE(found.threads, THREADS);
    CHECK_GE(found.calls[15], THREADS);
    CHECK_EQ(found.doubled, 0);
    CHECK_EQ(found.unmatched, 0);
    CHECK_LE(found.bytes / found.records, 10); /* a part a thread is not full */
    empty();
}

static void check_killed_at_work(void) {
    for (unsigned round = 0; round < CHECK_SCALED(10); round++) {
        const recording found = of("killed-at-work", "");
        CHECK_GT(found.records, 1000);
        CHECK_GT(found.shorts, found.records / 10);
        CHECK_EQ(found.doubled, 0);
        CHECK_EQ(found.unmatched, 0);
        empty();
    }
}

/* The shortest name is the parent's. */
static void check_forks(void) {
    recording parent = of("forks", ""), child;
    check_family(&parent, 1);
    char command[256], path[128];
    snprintf(command, sizeof command, "ls %s | tail -n +2", folder);
    FILE *names = popen(command, "r");
    unsigned children = 0;
    while (fgets(command, sizeof command, names) != NULL) {
        command[strcspn(command, "\n")] = '\0';
        snprintf(path, sizeof path, "%s/%.80s", folder, command);
        CHECK(recording_read(path, &child));
        CHECK_NE(child.process, parent.process);
        CHECK_GE(child.calls[1], THREADS * ROUNDS);
        CHECK_EQ(child.doubled, 0);
        CHECK_GE(child.unmatched, 1); /* the inherited block */
        CHECK_LE(child.unmatched, 100);
        children++;
    }
    pclose(names);
    CHECK_EQ(children, 2);
    empty();
}

static void check_limit(void) {
    struct rlimit before, limit;
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){100000, before.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const recording found = of("limited", "");
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    CHECK_EQ(found.stopped, 1);
    CHECK_LE(found.bytes, 100000);
    CHECK_GT(found.records, 5000);
    CHECK_EQ(found.doubled, 0);
    empty();
}

int main(int count, char **arguments) {
    for (unsigned i = 0; count > 1 && i < sizeof programs / sizeof *programs; i++)
        if (strcmp(arguments[1], programs[i].name) == 0) {
            programs[i].run();
            return 0;
        }
    CHECK(mkdtemp(folder) != NULL);
    check_functions();
    check_threads();
    check_killed_at_work();
    check_forks();
    check_limit();
    rmdir(folder);
}
