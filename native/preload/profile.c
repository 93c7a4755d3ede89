/* A profile of the whole run, if SUPERSLAB_PROFILE asks for it: FILE[,mean=BYTES][,signal=NAME][,every=SECONDS]. It is
 * written when the process ends, when the signal comes, and every SECONDS: whole each time, to a file beside FILE
 * that then takes its place. The command writes to FILE, any other process to FILE.PID.
 *
 * The signal is taken only while the program has nothing for it, and Node sets all signals back to that at its start. So
 * this is seen to after each of the first samples, and after some of the later ones. */
#include "profile.h"

#include "preload.h"

#include "os/digits.h"
#include "os/os.h"
#include "os/profile.h"
#include "profile/profile.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 1024u

static SS_SPARSE char target[PATH_BYTES];
static uint32_t command; /* the process that writes to the file itself; 0 for none */
static int signal_number = SIGUSR2;
static uint64_t every; /* nanoseconds; 0: never */
static _Atomic uint64_t due;
static _Atomic bool writing, wanted; /* a thread writes; another time is wanted afterwards */

/* ---- writing ---- */

static void complain(const char *what) {
    char text[PATH_BYTES + 128];
    const int length = snprintf(text, sizeof text, "superslab: profile %s %s\n", target, what);
    ss_os_write_error(text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}

/* In the handler of a signal too, so without functions that allocate or take locks. */
static void write_file(void) {
    char path[PATH_BYTES + 16], part[PATH_BYTES + 32];
    const uint32_t process = ss_os_process_id();
    snprintf(path, sizeof path, process == command ? "%s" : "%s.%u", target, process);
    snprintf(part, sizeof part, "%s.%u.part", target, process);
    const int file = ss_os_private_create(part);
    if (file < 0) {
        complain("cannot be written: the system refuses to create the file");
        return;
    }
    const superslab_profile_error error = superslab_profile_write(file);
    ss_os_private_end(file, part, error == SUPERSLAB_PROFILE_OK ? path : NULL);
    if (error == SUPERSLAB_PROFILE_BUSY) /* after the sample that a handler has interrupted */
        atomic_store_explicit(&wanted, true, memory_order_relaxed);
    else if (error != SUPERSLAB_PROFILE_OK)
        complain("cannot be written: the disk or the limit on files is full");
}

/* One thread at a time; relaxed: the file is all that it guards, and another thread's request is not lost. */
static void write_now(void) {
    if (atomic_exchange_explicit(&writing, true, memory_order_acquire)) {
        atomic_store_explicit(&wanted, true, memory_order_relaxed);
        return;
    }
    write_file();
    atomic_store_explicit(&writing, false, memory_order_release);
}

static void on_signal(int number) {
    (void)number;
    const int saved = errno;
    write_now();
    errno = saved;
}

static void signal_take(void) {
    struct sigaction now;
    if (signal_number == 0 || sigaction(signal_number, NULL, &now) != 0 ||
        (now.sa_flags & SA_SIGINFO) != 0 || now.sa_handler != SIG_DFL)
        return;
    struct sigaction ours = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&ours.sa_mask);
    sigaction(signal_number, &ours, NULL);
}

static bool is_due(uint64_t now) {
    if (atomic_load_explicit(&wanted, memory_order_relaxed) &&
        atomic_exchange_explicit(&wanted, false, memory_order_relaxed))
        return true;
    uint64_t then = atomic_load_explicit(&due, memory_order_relaxed);
    return every != 0 && now >= then &&
           atomic_compare_exchange_strong_explicit(&due, &then, now + every, memory_order_relaxed,
                                                   memory_order_relaxed);
}

/* Whether to look at the signal after this sample. It takes a system call, and there may be 40,000 samples a second. */
static bool looks(void) {
    enum { FIRST = 1024, EVERY = 64 };
    static _Atomic uint32_t samples;
    const uint32_t sample = atomic_fetch_add_explicit(&samples, 1, memory_order_relaxed);
    return sample < FIRST || sample % EVERY == 0;
}

static void after_sample(void) {
    const int saved = errno;
    if (looks())
        signal_take();
    if (is_due(every != 0 ? ss_os_clock_nanoseconds() : 0))
        write_now();
    errno = saved;
}

/* ---- the variable ---- */

typedef struct signal_name {
    const char *text;
    int number;
} signal_name;

static int signal_of(const char *name, size_t length) {
    static const signal_name known[] = {{"USR1", SIGUSR1},   {"USR2", SIGUSR2}, {"HUP", SIGHUP},
                                        {"WINCH", SIGWINCH}, {"PROF", SIGPROF}, {"QUIT", SIGQUIT},
                                        {"none", 0}};
    if (length > 3 && strncmp(name, "SIG", 3) == 0) {
        name += 3;
        length -= 3;
    }
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].text) == length && strncmp(name, known[i].text, length) == 0)
            return known[i].number;
    return -1;
}

/* Reads one option, from its name on, up to the next comma. False if it is none. */
static bool option(const char *text, size_t length, size_t *mean) {
    const char *end;
    if (strncmp(text, "signal=", 7) == 0) {
        const int number = signal_of(text + 7, length - 7);
        signal_number = number >= 0 ? number : signal_number;
        return number >= 0;
    }
    const bool is_mean = strncmp(text, "mean=", 5) == 0, is_every = strncmp(text, "every=", 6) == 0;
    if (!is_mean && !is_every)
        return false;
    const uint64_t number = ss_os_digits(text + (is_mean ? 5 : 6), &end);
    const unsigned shift = !is_mean ? 0 : *end == 'K' ? 10 : *end == 'M' ? 20 : 0;
    if (end + (shift != 0) != text + length || number == 0 || number > UINT32_MAX)
        return false;
    if (is_mean)
        *mean = (size_t)number << shift;
    else
        every = number * 1000000000;
    return true;
}

/* The path, relative to the folder in which the process began. */
static bool target_set(const char *name, size_t length) {
    size_t before = 0;
    if (name[0] != '/') {
        if (getcwd(target, sizeof target - 1) == NULL)
            return false;
        before = strlen(target);
        target[before++] = '/';
    }
    if (length == 0 || before + length >= sizeof target)
        return false;
    memcpy(target + before, name, length);
    target[before + length] = '\0';
    return true;
}

static bool parse(const char *value, size_t *mean) {
    const char *at = strchr(value, ',');
    if (!target_set(value, at != NULL ? (size_t)(at - value) : strlen(value)))
        return false;
    while (at != NULL) {
        const char *text = at + 1;
        at = strchr(text, ',');
        if (!option(text, at != NULL ? (size_t)(at - text) : strlen(text), mean))
            return false;
    }
    return true;
}

void preload_profile_begin(void) {
    const char *value = ss_os_environment("SUPERSLAB_PROFILE");
    size_t mean = SUPERSLAB_PROFILE_MEAN;
    if (value == NULL || value[0] == '\0')
        return;
    if (!parse(value, &mean)) {
        static const char text[] = "superslab: SUPERSLAB_PROFILE is ignored: it takes "
                                   "FILE[,mean=BYTES][,signal=NAME][,every=SECONDS]\n";
        target[0] = '\0';
        ss_os_write_error(text, sizeof text - 1);
        return;
    }
    command = preload_is_command() ? ss_os_process_id() : 0;
    atomic_store_explicit(&due, ss_os_clock_nanoseconds() + every, memory_order_relaxed);
    const superslab_profile_error error = superslab_profile_start(mean);
    if (error != SUPERSLAB_PROFILE_OK || !ss_profile_set_hook(after_sample)) {
        complain(error == SUPERSLAB_PROFILE_OK
                     ? "cannot begin: the system refuses to change the sealed page"
                     : superslab_profile_error_name(error));
        target[0] = '\0';
        return;
    }
    signal_take();
}

/* Not after it was stopped: what was written before it is what the program wants to be kept, as lib/profile/last.ts does
 * before Node frees all that it holds. */
__attribute__((destructor)) static void profile_end(void) {
    if (target[0] != '\0' && superslab_profile_is_running())
        write_now();
}
