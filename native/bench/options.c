#include "options.h"

#include "file_workloads.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char bench_options_usage[] =
    "usage: superslab-bench WORKLOAD [--allocator superslab|system] [--threads N] [--ops N]\n"
    "                       [--size MIN[-MAX]] [--slots N] [--seed N] [--repeat N] [--markers]\n"
    "                       [--file FILE]\n"
    "       superslab-bench --list\n"
    "\n"
    "One line of JSON a run. Sizes are bytes, or KiB and MiB with K and M after the number. "
    "`system`\n"
    "is the C library's malloc, or the one preloaded in its place. --ops is a thread. --markers "
    "makes\n"
    "each thread write to descriptor -1 before and after the timed part, for strace -f to show.\n"
    "--list prints the workloads and their defaults as JSON.\n";

enum { BENCH_REPEAT_MAX = 1000000 };

typedef struct bench_complaint {
    char *message;
    size_t bytes;
} bench_complaint;

__attribute__((format(printf, 2, 3))) static bool complain(bench_complaint complaint,
                                                           const char *format, ...) {
    va_list values;
    va_start(values, format);
    vsnprintf(complaint.message, complaint.bytes, format, values);
    va_end(values);
    return false;
}

/* A number at `*text`, which moves past it. No sign, no space. */
static bool read_number(const char **text, uint64_t *out) {
    if (**text < '0' || **text > '9')
        return false;
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(*text, &end, 10);
    if (errno != 0)
        return false;
    *text = end;
    *out = value;
    return true;
}

static bool read_size(const char **text, size_t *out) {
    uint64_t value;
    if (!read_number(text, &value))
        return false;
    unsigned shift = 0;
    if (**text == 'K' || **text == 'k')
        shift = 10;
    else if (**text == 'M' || **text == 'm')
        shift = 20;
    *text += shift != 0;
    if (value > SIZE_MAX >> shift)
        return false;
    *out = (size_t)value << shift;
    return true;
}

static bool parse_size(const char *text, bench_params *params) {
    if (!read_size(&text, &params->size_min))
        return false;
    params->size_max = params->size_min;
    if (*text == '-') {
        text++;
        if (!read_size(&text, &params->size_max))
            return false;
    }
    return *text == '\0';
}

static bool parse_number(const char *text, uint64_t limit, uint64_t *out) {
    return read_number(&text, out) && *text == '\0' && *out <= limit;
}

/* One option that has a value. */
static bool parse_option(bench_options *options, const char *name, const char *value,
                         bench_complaint complaint) {
    bench_params *params = &options->params;
    uint64_t number = 0;
    if (strcmp(name, "--allocator") == 0) {
        options->allocator = bench_allocator_find(value);
        return options->allocator != NULL ||
               complain(complaint, "unknown allocator '%s': superslab or system", value);
    }
    if (strcmp(name, "--file") == 0) {
        params->file = value;
        return options->workload->reads_file ||
               complain(complaint, "%s reads no file", options->workload->name);
    }
    if (strcmp(name, "--size") == 0)
        return parse_size(value, params) ||
               complain(complaint, "--size takes MIN or MIN-MAX, not '%s'", value);
    if (!parse_number(value, UINT64_MAX, &number))
        return complain(complaint, "%s takes a number, not '%s'", name, value);
    if (strcmp(name, "--threads") == 0)
        params->threads = number <= BENCH_THREADS_MAX ? (unsigned)number : BENCH_THREADS_MAX + 1;
    else if (strcmp(name, "--ops") == 0)
        params->ops = number;
    else if (strcmp(name, "--slots") == 0)
        params->slots = number <= BENCH_SLOTS_MAX ? (size_t)number : (size_t)BENCH_SLOTS_MAX + 1;
    else if (strcmp(name, "--seed") == 0)
        params->seed = number;
    else if (number < 1 || number > BENCH_REPEAT_MAX)
        return complain(complaint, "--repeat must be between 1 and %d", BENCH_REPEAT_MAX);
    else
        options->repeat = (unsigned)number;
    return true;
}

static bool takes_value(const char *name) {
    static const char *const names[] = {"--allocator", "--threads", "--ops",    "--size",
                                        "--slots",     "--seed",    "--repeat", "--file"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* The workload comes first because the options change its defaults. */
static bool parse_workload(bench_options *options, const char *name, bench_complaint complaint) {
    options->workload = bench_workload_find(name);
    if (options->workload == NULL)
        options->workload = bench_file_workload_find(name);
    if (options->workload == NULL)
        return complain(complaint,
                        name[0] == '-' ? "the workload comes first, before '%s'"
                                       : "unknown workload '%s': --list prints all of them",
                        name);
    options->params = options->workload->defaults;
    return true;
}

bool bench_options_parse(bench_options *options, int count, char *const *arguments, char *message,
                         size_t message_bytes) {
    const bench_complaint complaint = {message, message_bytes};
    *options = (bench_options){.allocator = bench_allocator_find("superslab"), .repeat = 1};
    if (count < 2)
        return complain(complaint, "which workload? --list prints all of them");
    options->list = strcmp(arguments[1], "--list") == 0;
    options->help = strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0;
    if (options->list || options->help)
        return count == 2 || complain(complaint, "%s stands alone", arguments[1]);
    if (!parse_workload(options, arguments[1], complaint))
        return false;

    for (int i = 2; i < count; i++) {
        if (strcmp(arguments[i], "--markers") == 0) {
            options->params.markers = true;
            continue;
        }
        if (!takes_value(arguments[i]))
            return complain(complaint, "unknown option '%s'", arguments[i]);
        if (i + 1 == count)
            return complain(complaint, "%s needs a value", arguments[i]);
        if (!parse_option(options, arguments[i], arguments[i + 1], complaint))
            return false;
        i++;
    }
    const char *problem = bench_params_problem(options->workload, &options->params);
    return problem == NULL || complain(complaint, "%s", problem);
}
