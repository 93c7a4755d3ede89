/* Usage: explorer [--deviations N] [--random N] [--seed N] [--seconds N] [--weaken WHAT] [--places]
 *                 [--replay SCENARIO:CHOICES] [SCENARIO...]
 * Explores every execution of up to N deviations, then N random ones, of each scenario in a process of its
 * own. Exit code 0: no execution failed; 1: one did; with --weaken, 3: none did. */
#include "cell.h"
#include "choice.h"
#include "explorer.h"
#include "memory.h"
#include "platform.h"
#include "schedule.h"
#include "undo.h"
#include "weaken.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOT_CAUGHT = 3 };

extern const explorer_scenario scenario_ownership, scenario_full, scenario_words,
    scenario_words_abandon, scenario_list, scenario_end, scenario_sleep, scenario_sleep_end,
    scenario_region, scenario_retire, scenario_adopt, scenario_first, scenario_refused,
    scenario_made, scenario_again, scenario_aligned, scenario_space, scenario_handler,
    scenario_large, scenario_grow, scenario_records, scenario_refused_first, scenario_spare,
    scenario_stats, scenario_count, scenario_late, scenario_contest, scenario_biased,
    scenario_leave, scenario_heap, scenario_gone, scenario_enter, scenario_sleep_empty,
    scenario_wanted, scenario_scavenge, scenario_last, scenario_figures, scenario_away,
    scenario_age, scenario_owner, scenario_owner_pinned, scenario_owner_tagged,
    scenario_owner_large, scenario_owner_large_pinned, scenario_owner_large_tagged, scenario_pins,
    scenario_window_late, scenario_window_late_address, scenario_window_late_large,
    scenario_pin_use, scenario_size, scenario_shrink, scenario_fork_spans, scenario_fork_slabs,
    scenario_fork_parked, scenario_fork_caches, scenario_fork_twice, scenario_fork_handler,
    scenario_large_cached, scenario_large_twice, scenario_large_grown, scenario_large_grown_given,
    scenario_empty, scenario_empty_twice, scenario_own, scenario_own_whole, scenario_own_twice,
    scenario_owner_lookup, scenario_visit, scenario_visit_heap, scenario_visit_gone,
    scenario_age_heap, scenario_count_window, scenario_recover, scenario_behind, scenario_headless,
    scenario_room, scenario_return, scenario_refused_heap, scenario_hurry, scenario_inline,
    scenario_inline_last, scenario_window_grow, scenario_profile, scenario_profile_sampled;

/* The quick scenarios come first, so that most faults are found soon. */
const explorer_scenario *const explorer_scenarios[] = {
    &scenario_ownership,
    &scenario_words,
    &scenario_words_abandon,
    &scenario_full,
    &scenario_own,
    &scenario_own_whole,
    &scenario_own_twice,
    &scenario_owner_lookup,
    &scenario_list,
    &scenario_retire,
    &scenario_again,
    &scenario_handler,
    &scenario_late,
    &scenario_wanted,
    &scenario_heap,
    &scenario_gone,
    &scenario_count_window,
    &scenario_enter,
    &scenario_leave,
    &scenario_sleep_empty,
    &scenario_refused_first,
    &scenario_refused_heap,
    &scenario_grow,
    &scenario_records,
    &scenario_made,
    &scenario_shrink,
    &scenario_recover,
    &scenario_behind,
    &scenario_aligned,
    &scenario_space,
    &scenario_headless,
    &scenario_large,
    &scenario_large_cached,
    &scenario_large_twice,
    &scenario_large_grown,
    &scenario_large_grown_given,
    &scenario_empty,
    &scenario_empty_twice,
    &scenario_spare,
    &scenario_adopt,
    &scenario_stats,
    &scenario_visit,
    &scenario_visit_heap,
    &scenario_visit_gone,
    &scenario_count,
    &scenario_sleep,
    &scenario_profile,
    &scenario_profile_sampled,
    &scenario_age,
    &scenario_age_heap,
    &scenario_contest,
    &scenario_region,
    &scenario_end,
    &scenario_refused,
    &scenario_first,
    &scenario_sleep_end,
    &scenario_biased,
    &scenario_last,
    &scenario_figures,
    &scenario_room,
    &scenario_hurry,
    &scenario_away,
    &scenario_return,
    &scenario_inline,
    &scenario_inline_last,
    &scenario_scavenge,
    &scenario_owner,
    &scenario_owner_pinned,
    &scenario_owner_tagged,
    &scenario_owner_large,
    &scenario_owner_large_pinned,
    &scenario_owner_large_tagged,
    &scenario_pins,
    &scenario_window_late,
    &scenario_window_late_address,
    &scenario_window_late_large,
    &scenario_pin_use,
    &scenario_size,
    &scenario_window_grow,
    &scenario_fork_spans,
    &scenario_fork_slabs,
    &scenario_fork_parked,
    &scenario_fork_caches,
    &scenario_fork_twice,
    &scenario_fork_handler,
    NULL,
};
enum { SCENARIOS_MAX = sizeof explorer_scenarios / sizeof *explorer_scenarios };

typedef struct settings {
    unsigned deviations;
    uint64_t random, seed;
    double seconds; /* a scenario, for all executions of up to `deviations` */
    bool places;
    const char *replay;
} settings;

static double clock_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- one scenario, in its own process ---- */

typedef enum result { PASSED, FAILED, VOID } result;

static result execute(const explorer_scenario *scenario) {
    memory_begin();
    choice_begin();
    const bool passed = schedule_run(scenario) && schedule_alone(scenario->check);
    undo_all();
    if (cells_learned())
        return VOID;
    if (passed)
        return PASSED;
    printf("%s: %s\nreplay: %s:", scenario->name, schedule_failure(), scenario->name);
    choice_print();
    printf("\n");
    return FAILED;
}

typedef struct outcome {
    uint64_t executions;
    bool passed, complete;
} outcome;

/* All executions of up to `deviations` deviations. */
static outcome explore_all(const explorer_scenario *scenario, unsigned deviations, double until) {
    outcome all = {.passed = true};
    choice_start_all(deviations);
    do {
        result one;
        while ((one = execute(scenario)) == VOID)
            choice_start_all(deviations);
        all.executions++;
        all.passed = one == PASSED;
        if (!all.passed || (all.executions % 64 == 0 && clock_seconds() > until))
            return all;
    } while (choice_next());
    all.complete = true;
    return all;
}

static void explore_random(const explorer_scenario *scenario, const settings *wanted,
                           outcome *all) {
    choice_start_random(wanted->seed);
    for (uint64_t i = 0; i < wanted->random && all->passed; i++, all->executions++)
        all->passed = execute(scenario) != FAILED;
}

static int explore(const explorer_scenario *scenario, const settings *wanted) {
    platform_start();
    if (!schedule_alone(scenario->setup)) {
        printf("%s: setup: %s\n", scenario->name, schedule_failure());
        return EXIT_FAILED;
    }
    undo_start();
    if (wanted->replay != NULL) {
        /* The shared addresses must be found first, as in the failing run. */
        if (!explore_all(scenario, 0, clock_seconds() + 60).passed ||
            !choice_start_replay(wanted->replay))
            return EXIT_USAGE;
        return execute(scenario) == PASSED ? 0 : EXIT_FAILED;
    }
    const double start = clock_seconds();
    outcome all = {.passed = true};
    /* Few deviations first: such a failure is easier to understand. */
    unsigned deviations = 0;
    for (; deviations <= wanted->deviations && all.passed; deviations++) {
        const outcome more = explore_all(scenario, deviations, start + wanted->seconds);
        all.executions += more.executions;
        all.passed = more.passed;
        all.complete = more.complete;
        /* Most of what is not reached with one preemption is not reached at all. */
        if (!more.complete || (deviations > 0 && weaken_wanted() && !weaken_reached()))
            break;
    }
    if (all.passed && (!weaken_wanted() || weaken_reached()))
        explore_random(scenario, wanted, &all);
    if (wanted->places)
        weaken_print_places();
    else if (!weaken_wanted())
        printf("%-10s %10ju executions, %s %u deviations, %6.1f s  %s\n", scenario->name,
               (uintmax_t)all.executions, all.complete ? "all of up to" : "some of",
               wanted->deviations, clock_seconds() - start, all.passed ? "passed" : "FAILED");
    return all.passed ? 0 : EXIT_FAILED;
}

/* ---- all of them ---- */

static int explore_apart(const explorer_scenario *scenario, const settings *wanted) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        const int code = explore(scenario, wanted);
        fflush(stdout);
        _exit(code);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return EXIT_FAILED;
    if (WIFSIGNALED(status))
        printf("%s: signal %d\n", scenario->name, WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static const explorer_scenario *find(const char *name, size_t length) {
    for (const explorer_scenario *const *one = explorer_scenarios; *one != NULL; one++)
        if (strlen((*one)->name) == length && strncmp((*one)->name, name, length) == 0)
            return *one;
    return NULL;
}

static _Noreturn void usage(void) {
    fprintf(stderr,
            "usage: explorer [--deviations N] [--random N] [--seed N] [--seconds N] [--places]\n"
            "                [--weaken PLACES:OPERATION:PART] [--replay SCENARIO:CHOICES] "
            "[SCENARIO...]\n");
    exit(EXIT_USAGE);
}

static bool parse_option(const char *name, const char *value, settings *wanted) {
    if (strcmp(name, "--weaken") == 0)
        return weaken_parse(value);
    if (strcmp(name, "--replay") == 0) {
        wanted->replay = value;
        return strchr(value, ':') != NULL;
    }
    const uint64_t number = strtoull(value, NULL, 10);
    if (strcmp(name, "--deviations") == 0)
        wanted->deviations = (unsigned)number;
    else if (strcmp(name, "--random") == 0)
        wanted->random = number;
    else if (strcmp(name, "--seed") == 0)
        wanted->seed = number;
    else if (strcmp(name, "--seconds") == 0)
        wanted->seconds = (double)number;
    else
        return false;
    return true;
}

int main(int argc, char **argv) {
    settings wanted = {.deviations = 1, .random = 2000, .seed = 42, .seconds = 3600};
    const explorer_scenario *chosen[SCENARIOS_MAX];
    unsigned count = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--places") == 0)
            wanted.places = true;
        else if (strncmp(argv[i], "--", 2) == 0) {
            if (i + 1 == argc || !parse_option(argv[i], argv[i + 1], &wanted))
                usage();
            i++;
        } else if (count == SCENARIOS_MAX ||
                   (chosen[count++] = find(argv[i], strlen(argv[i]))) == NULL) {
            usage();
        }
    }
    if (wanted.replay != NULL) {
        const char *choices = strchr(wanted.replay, ':');
        chosen[0] = find(wanted.replay, (size_t)(choices - wanted.replay));
        if (chosen[0] == NULL)
            usage();
        count = 1;
        wanted.replay = choices + 1;
    }
    if (count == 0)
        while (explorer_scenarios[count] != NULL && count < SCENARIOS_MAX) {
            chosen[count] = explorer_scenarios[count];
            count++;
        }
    int worst = 0;
    for (unsigned i = 0; i < count; i++) {
        const int code = explore_apart(chosen[i], &wanted);
        if (code != 0)
            worst = code;
        if (code != 0 && weaken_wanted())
            break;
    }
    return worst == 0 && weaken_wanted() ? EXIT_NOT_CAUGHT : worst;
}
