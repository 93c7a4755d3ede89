#include "guard/calls.h"

#include "os/profile.h"
#include "profile/names.h"

#include <string.h>

/* ---- where an address is ---- */

/* Static, because a signal's stack may be small. */
static SS_SPARSE char file[512];
static SS_SPARSE ss_os_function function;

typedef struct search {
    uintptr_t address;
    uint64_t offset; /* in the file */
    bool found;
} search;

static bool is_there(const ss_os_mapping *mapping, void *context) {
    search *of = context;
    if (of->address - mapping->start >= mapping->end - mapping->start)
        return false;
    of->found = mapping->name[0] == '/' || mapping->name[0] == '[';
    of->offset = of->address - mapping->start + mapping->offset;
    strncpy(file, mapping->name, sizeof file - 1);
    return true;
}

/* ---- frames ---- */

/* The names of generated code in all stacks of the report. */
static SS_SPARSE ss_code_name names[SS_CALL_LINES_MOST][SS_MOMENT_FRAMES];

/* A return address is behind its call, which may be the last instruction of the function. */
static uintptr_t call_of(const ss_moment *moment, uint32_t frame) {
    return moment->frames[frame] - 1;
}

static void put_name(ss_text *to, const char *name, uint64_t within) {
    ss_text_put(to, name);
    ss_text_put(to, "+");
    ss_text_put_address(to, (uintptr_t)within);
}

static void put_place(ss_text *to) {
    ss_text_put(to, file);
    ss_text_put(to, "+");
    ss_text_put_address(to, (uintptr_t)function.address);
}

static void put_generated(ss_text *to, const char *text) {
    const char *shown = ss_code_name_shown(text);
    if (shown != NULL) {
        ss_text_put(to, "JavaScript ");
        ss_text_put(to, shown);
    } else {
        ss_text_put(to, text[0] != '\0' ? text : "JavaScript, or other generated code");
    }
}

static void put_frame(ss_text *to, uint32_t number, uintptr_t call, const char *generated) {
    search of = {.address = call};
    ss_os_each_mapping(is_there, &of);
    ss_text_put(to, "    #");
    ss_text_put_number(to, number);
    ss_text_put(to, " ");
    if (of.found) {
        ss_os_function_find(file, of.offset, &function);
        const bool is_named = function.name[0] != '\0';
        if (is_named)
            put_name(to, function.name, function.within);
        ss_text_put(to, is_named ? " (" : "");
        put_place(to);
        ss_text_put(to, is_named ? ")" : "");
    } else {
        put_generated(to, generated);
    }
    ss_text_end(to);
}

/* ---- calls ---- */

/* A time in seconds, with milliseconds. */
static void put_seconds(ss_text *to, uint64_t nanoseconds) {
    const uint64_t ms = nanoseconds / 1000000;
    const char part[] = {'.', (char)('0' + ms / 100 % 10), (char)('0' + ms / 10 % 10),
                         (char)('0' + ms % 10), '\0'};
    ss_text_put_number(to, ms / 1000);
    ss_text_put(to, part);
    ss_text_put(to, " s");
}

static void put_call(ss_text *to, const ss_call_line *call, uint64_t now, ss_code_name *of) {
    const ss_moment *moment = call->moment;
    const uint32_t count = moment->count < SS_MOMENT_FRAMES ? moment->count : SS_MOMENT_FRAMES;
    ss_text_put(to, "  ");
    ss_text_put(to, call->what);
    if (moment->time != now) {
        ss_text_put(to, " ");
        put_seconds(to, now - moment->time);
        ss_text_put(to, " before");
    }
    ss_text_put(to, " by thread ");
    ss_text_put_number(to, moment->thread);
    ss_text_put(to, count != 0 ? ":" : "");
    ss_text_end(to);
    for (uint32_t i = 0; i < count; i++)
        put_frame(to, i, call_of(moment, i), of[i].text);
}

void ss_calls_put(ss_text *to, const ss_call_line *calls, unsigned count) {
    memset(names, 0, sizeof names);
    for (unsigned i = 0; i < count; i++)
        for (uint32_t k = 0; k < calls[i].moment->count && k < SS_MOMENT_FRAMES; k++)
            names[i][k] = (ss_code_name){.call = call_of(calls[i].moment, k),
                                         .map_bytes = calls[i].moment->map_bytes};
    ss_code_names_read(names[0], SS_CALL_LINES_MOST * SS_MOMENT_FRAMES);
    for (unsigned i = 0; i < count; i++)
        put_call(to, &calls[i], calls[0].moment->time, names[i]);
}
