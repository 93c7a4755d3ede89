/* A signal's handler forks, wherever in the recorder it interrupts the thread, and handlers of fork are recorded too. No
 * thread waits for itself, each file is in order, and no child writes into its parent's.
 *
 * This program has a recorder of its own, and calls it as the allocator calls it, so that a handler of fork may be
 * recorded in the middle of a record; a malloc there would meet the allocator itself in the middle of a change. */
#include "check.h"
#include "recording.h"
#include "team.h"

#include "../../preload/preload.h"
#include "../../preload/record.h"
#include "heap/observe.h"
#include "os/image.h"
#include "space/registry.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FORKS = CHECK_SCALED(100), THREADS = 2, STEPS_AFTER = 500, HANG_SECONDS = 240 };

static char folder[] = "/tmp/superslab-handler-XXXXXX";
static const ss_observer *observer;

bool ss_observe(const ss_observer *chosen) {
    observer = chosen;
    return true;
}

bool preload_is_command(void) {
    return true;
}

size_t ss_os_command_line(char *text, size_t bytes) {
    (void)text, (void)bytes;
    return 0;
}

/* ---- calls, of blocks that no thread reads ---- */

typedef struct caller {
    void *word; /* the observer's, of a heap */
    uintptr_t next;
} caller;

static caller callers[THREADS + 1] = {{NULL, 1}, {NULL, 2}, {NULL, 3}};

/* Every block has an address of its own: an address that occurs twice is the recorder's doing. */
static const void *block_new(caller *from) {
    const uintptr_t number = from->next;
    from->next += THREADS + 1;
    return (const void *)(number << 24);
}

/* A handler of fork that is called in the middle of an entry does not allocate: the allocator itself would be in the middle
 * of a change. */
static volatile sig_atomic_t in_entry;

static void entry_mark(const caller *from, bool is_in) {
    if (from == &callers[0])
        in_entry = is_in;
}

/* As the allocator does for what bins serve. False if the tape is used up. */
static bool entry_pair(caller *from, ss_tape *tape) {
    const uintptr_t offset = from->next << 4;
    entry_mark(from, true);
    uint8_t *at;
    const bool begins = ss_tape_is_open(tape, &at);
    for (volatile unsigned i = 0; from == &callers[0] && i < 300; i++)
        ; /* so that many signals come here */
    if (begins) {
        from->next += THREADS + 1;
        ss_tape_write_allocated(tape, at, SS_CALL_MALLOC, offset, 100);
    }
    const bool ends = begins && ss_tape_is_open(tape, &at);
    if (ends)
        ss_tape_write_freed(tape, at, SS_CALL_FREE, offset);
    entry_mark(from, false);
    if (begins && !ends)
        observer->freeing(&from->word, SS_CALL_FREE,
                          (const void *)(atomic_load(&ss_headed_base) + offset));
    return ends;
}

static void entries(caller *from) {
    ss_tape *tape = observer->tape_open(&from->word);
    for (unsigned i = 0; tape != NULL && i < 3 && entry_pair(from, tape); i++)
        ;
}

static void step(caller *from) {
    entries(from);
    const void *one = block_new(from), *other = block_new(from);
    observer->allocated(&from->word, SS_CALL_MALLOC, one, 100, 16);
    const uint64_t ticket = observer->resizing(&from->word, one);
    observer->resized(&from->word, ticket, one, other, 300);
    observer->freeing(&from->word, SS_CALL_FREE, other);
}

static void handle_fork(void) {
    if (!in_entry)
        step(&callers[0]);
}

/* ---- forks ---- */

static volatile sig_atomic_t forked, is_child;

/* Once, after at most half a millisecond. */
static void timer_set(void) {
    static unsigned draw = 1;
    draw = draw * 1103515245u + 12345;
    const struct itimerval once = {{0, 0}, {0, 20 + (draw >> 16) % 480}};
    CHECK_EQ(setitimer(ITIMER_REAL, &once, NULL), 0);
}

static pid_t last_child;

static bool child_ended(void) {
    int status = 0;
    const pid_t child = last_child;
    last_child = 0;
    return child == 0 || (waitpid(child, &status, 0) == child && status == 0);
}

/* Both go on at once, and the child later than its parent. */
static void fork_now(int unused) {
    (void)unused;
    const int saved = errno;
    if (!child_ended())
        _exit(2);
    last_child = fork();
    if (last_child == 0) {
        is_child = 1;
        signal(SIGALRM, SIG_DFL);
        alarm(HANG_SECONDS);
        usleep(2000);
    } else if (last_child < 0) {
        _exit(2);
    } else if (++forked < FORKS) {
        timer_set();
    }
    errno = saved;
}

static void forks(void) {
    timer_set();
    while (forked < FORKS) {
        step(&callers[0]);
        if (is_child) {
            for (unsigned i = 0; i < STEPS_AFTER; i++)
                step(&callers[0]);
            _exit(EXIT_SUCCESS);
        }
    }
}

static atomic_bool over;

/* SIG_BLOCK or SIG_UNBLOCK. Threads begin with the mask of the thread that makes them, and only the first one forks. */
static void alarms(int how) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGALRM);
    CHECK_EQ(pthread_sigmask(how, &mask, NULL), 0);
}

/* Other threads' calls, so that a child's order is not its parent's. */
static void work(unsigned index, void *unused) {
    (void)unused;
    while (!atomic_load_explicit(&over, memory_order_relaxed)) {
        for (unsigned i = 0; i < 100; i++)
            step(&callers[index + 1]);
        usleep(500);
    }
}

/* A thread that waits for itself takes no signal. */
static void *watch(void *unused) {
    for (unsigned i = 0; i < HANG_SECONDS * 10 && !atomic_load(&over); i++)
        usleep(100000);
    CHECK(atomic_load(&over));
    return unused;
}

/* ---- the files ---- */

static void files_check(void) {
    const pid_t own = getpid();
    DIR *names = opendir(folder);
    unsigned children = 0;
    CHECK(names != NULL);
    for (struct dirent *one; (one = readdir(names)) != NULL;) {
        char name[sizeof folder + 128];
        recording found;
        if (one->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%.100s", folder, one->d_name);
        CHECK(recording_read(name, &found));
        CHECK_EQ(found.doubled, 0);
        if (found.process == (uint32_t)own) {
            CHECK_EQ(found.unmatched, 0);
            CHECK_EQ(found.live, 0);
        } else {
            children++;
            CHECK_LE(found.unmatched, 1); /* what was live at the fork */
            CHECK_GE(found.calls[3], STEPS_AFTER);
        }
        unlink(name);
    }
    closedir(names);
    CHECK_EQ(children, FORKS);
}

int main(void) {
    CHECK(mkdtemp(folder) != NULL);
    char name[sizeof folder + 16];
    snprintf(name, sizeof name, "%s/file", folder);
    CHECK_EQ(setenv("SUPERSLAB_RECORD", name, 1), 0);
    preload_record_begin();
    CHECK(observer != NULL);
    preload_record_handle_fork();
    CHECK_EQ(pthread_atfork(handle_fork, handle_fork, handle_fork), 0);
    const struct sigaction action = {.sa_handler = fork_now, .sa_flags = SA_RESTART};
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    team workers;
    pthread_t watcher;
    alarms(SIG_BLOCK);
    CHECK_EQ(pthread_create(&watcher, NULL, watch, NULL), 0);
    team_start(&workers, THREADS, work, NULL);
    alarms(SIG_UNBLOCK);
    forks();
    CHECK(child_ended());
    atomic_store(&over, true);
    team_join(&workers);
    CHECK_EQ(pthread_join(watcher, NULL), 0);
    files_check();
    rmdir(folder);
}
