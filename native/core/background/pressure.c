/* The report is made and written by the scavenger, which shares no file with the program and may be the last thread
 * that still gets memory: it allocates nothing, and writes the whole text at once, or not at all. */
#include "background/pressure.h"

#include "background/holders.h"
#include "background/stats.h"
#include "base/lock.h"
#include "profile/top.h"

#include <string.h>

/* One write of REPORT_BYTES does not wait and does not mix with other writes to a pipe. */
#define REPORT_BYTES 4096u
#define END_BYTES 64u /* kept free for the last line */
#define NAME_COLUMNS 66u
#define NUMBER_COLUMNS 8u
#define LEAST_BYTES ((uint64_t)52 << 10) /* less would read 0.0 MiB */

static const char *target; /* NULL: no report. Set before there is a second thread. */

void ss_pressure_report_to(const char *path) {
    target = path;
}

static bool is_high(const ss_container_use *use) {
    return use->used >= use->limit / 4 * SS_PRESSURE_WATCH_QUARTERS;
}

/* ---- the text ---- */

typedef struct report {
    size_t length;
    char text[REPORT_BYTES];
} report;

static void put_bytes(report *out, const char *text, size_t bytes) {
    const size_t room = sizeof out->text - out->length;
    bytes = bytes < room ? bytes : room;
    memcpy(out->text + out->length, text, bytes);
    out->length += bytes;
}

static void put(report *out, const char *text) {
    put_bytes(out, text, strlen(text));
}

/* The number before the end of `digits`; returns its place. */
static size_t number_before(char *digits, size_t at, uint64_t value) {
    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    return at;
}

static void put_number(report *out, uint64_t value) {
    char digits[24];
    const size_t at = number_before(digits, sizeof digits, value);
    put_bytes(out, digits + at, sizeof digits - at);
}

/* With one decimal, at least `columns` wide. */
static void put_mebibytes(report *out, uint64_t bytes, size_t columns) {
    char digits[24];
    const uint64_t tenths = ((bytes >> 10) * 10 + 512) >> 10;
    size_t at = sizeof digits - 1;
    digits[at] = (char)('0' + tenths % 10);
    digits[--at] = '.';
    at = number_before(digits, at, tenths / 10);
    while (sizeof digits - at < columns)
        digits[--at] = ' ';
    put_bytes(out, digits + at, sizeof digits - at);
    put(out, " MiB");
}

/* "superslab:   NAME      12.3 MiB", the numbers below each other. */
static void put_row(report *out, const char *name, uint64_t bytes) {
    const size_t end = out->length + NAME_COLUMNS;
    put(out, "superslab:   ");
    put(out, name);
    while (out->length < end)
        put(out, " ");
    put_mebibytes(out, bytes, NUMBER_COLUMNS);
    put(out, "\n");
}

static void put_head(report *out, const ss_container_use *use) {
    put(out, "superslab: process ");
    put_number(out, ss_os_process_id());
    put(out, !is_high(use) ? " waits for memory in its container\n"
             : use->near   ? " is near its container's limit\n"
                           : " will soon be near its container's limit\n");
    put_row(out, "used in the container", use->used);
    put_row(out, "its limit", use->limit);
}

/* The largest first; what is too small to be shown is left out. */
static void put_holders(report *out, ss_holders *holders) {
    for (;;) {
        unsigned most = 0;
        for (unsigned i = 1; i < SS_HOLDER_KINDS; i++)
            most = holders->bytes[i] > holders->bytes[most] ? i : most;
        if (holders->bytes[most] < LEAST_BYTES)
            return;
        put_row(out, ss_holder_name((ss_holder_kind)most), holders->bytes[most]);
        holders->bytes[most] = 0;
    }
}

static void put_counted(report *out, const superslab_stats *stats) {
    put(out, "superslab: counted by superslab, touched or not\n");
    put_row(out, "live blocks", stats->live_bytes);
    put_row(out, "freed blocks that threads keep", stats->cached_bytes);
    put_row(out, "free in slabs, between live blocks", stats->slab_free_bytes);
    put_row(out, "free and dirty, waiting for the decay", stats->dirty_bytes);
}

static void put_stacks(report *out) {
    if (sizeof out->text - out->length > END_BYTES)
        out->length +=
            ss_profile_top(out->text + out->length, sizeof out->text - out->length - END_BYTES);
}

/* False if the text cannot be written now. */
static bool report_write(const ss_container_use *use) {
    report out = {.length = 0};
    ss_holders holders;
    superslab_stats stats;
    ss_holders_read(&holders);
    put_head(&out, use);
    put(&out, "superslab: what holds this process's resident memory\n");
    put_row(&out, "in all", ss_holders_resident(&holders));
    put_holders(&out, &holders);
    ss_stats_take(&stats); /* a flush meanwhile makes them off by what it moves */
    put_counted(&out, &stats);
    put_stacks(&out);
    put(&out, "superslab: end of the report\n");
    return target[0] != '\0' ? ss_os_append(target, out.text, out.length)
                             : ss_os_write_error_of_process(out.text, out.length);
}

/* ---- when ---- */

/* All of it is read and written by the scavenger alone. Times are ss_os_clock_nanoseconds, 0: never. */
typedef struct pressure_watch {
    uint64_t reported_at;
    /* The last look at the container, and how long the use would then take to come near the limit. */
    uint64_t looked_at, looked_used, near_in_ms;
    uint64_t grown_at, grown_from; /* when the use had last grown by a step, and what it was */
    uint32_t pause_ms;             /* until the next look */
    bool stays;
} pressure_watch;

static pressure_watch watch = {.pause_ms = SS_CONTAINER_MILLISECONDS};

static bool is_due(uint64_t now) {
    return watch.reported_at == 0 || now - watch.reported_at >= SS_PRESSURE_PAUSE_NANOSECONDS;
}

/* The milliseconds until the limit is near if the use goes on growing as it did since the last look; UINT64_MAX if it
 * does not grow. */
static uint64_t near_in(const ss_container_use *use, uint64_t now) {
    const uint64_t near = use->limit / 10 * SS_CONTAINER_NEAR_TENTHS;
    if (use->near || use->used >= near)
        return 0;
    if (watch.looked_at == 0 || use->used <= watch.looked_used)
        return UINT64_MAX;
    const uint64_t gone_ms = (now - watch.looked_at) / 1000000 + 1;
    return (near - use->used) / ((use->used - watch.looked_used) / gone_ms + 1);
}

/* Whether what is used has lately grown by a share of the limit. */
static bool is_growing(const ss_container_use *use, uint64_t now) {
    if (use->used < watch.grown_from)
        watch.grown_from = use->used;
    if (use->used - watch.grown_from < use->limit >> SS_CONTAINER_STEP_SHIFT)
        return watch.grown_at != 0 && now - watch.grown_at < SS_PRESSURE_WATCH_NANOSECONDS;
    watch.grown_from = use->used;
    watch.grown_at = now;
    return true;
}

/* Where the use grows fast, the limit is too near for a report when nine tenths are used. */
static bool is_wanted(const ss_container_use *use) {
    return use->near || (is_high(use) && watch.near_in_ms < SS_PRESSURE_SOON_MILLISECONDS);
}

/* A process that holds little of what is used would tell nothing of why the limit is near. */
static bool holds_much(const ss_container_use *use) {
    return ss_os_resident_bytes() >= use->used / SS_PRESSURE_SHARE;
}

/* While the use grows: a quarter of the time until the limit is near, and less if it is so near that a program which
 * fills memory as fast as the system gives it would be there before. */
static uint32_t pause_of(const ss_container_use *use) {
    const uint64_t near = use->limit / 10 * SS_CONTAINER_NEAR_TENTHS;
    const uint64_t fastest = (near - use->used) / SS_PRESSURE_FAST_BYTES_PER_MILLISECOND;
    const uint64_t ms = watch.near_in_ms / 4 < fastest ? watch.near_in_ms / 4 : fastest;
    return ms < SS_PRESSURE_LEAST_MILLISECONDS ? SS_PRESSURE_LEAST_MILLISECONDS
           : ms < SS_CONTAINER_MILLISECONDS    ? (uint32_t)ms
                                               : SS_CONTAINER_MILLISECONDS;
}

void ss_pressure_tick(const ss_container_use *use) {
    if (target == NULL || use->limit == 0)
        return;
    const uint64_t now = ss_os_clock_nanoseconds();
    watch.near_in_ms = near_in(use, now);
    const bool grows = is_growing(use, now) && watch.near_in_ms != 0;
    watch.pause_ms = grows ? pause_of(use) : SS_CONTAINER_MILLISECONDS;
    watch.stays = is_due(now) && (grows || (is_high(use) && holds_much(use)));
    watch.looked_at = now;
    watch.looked_used = use->used;
    if (is_wanted(use) && is_due(now) && holds_much(use) && report_write(use))
        watch.reported_at = now;
}

uint32_t ss_pressure_pause(void) {
    return watch.pause_ms;
}

bool ss_pressure_stays(void) {
    return watch.stays;
}

/* ---- for JavaScript ---- */

static ss_lock look_lock; /* tried, never waited for */
static ss_container looked_at;
static uint64_t found_at; /* when the groups and their limits were read; 0: never */

static void container_find(uint64_t now) {
    if (found_at != 0 && now - found_at < SS_PRESSURE_LIMITS_NANOSECONDS)
        return;
    ss_container_read(&looked_at);
    found_at = now;
}

bool ss_pressure_look(ss_container_use *use) {
    *use = (ss_container_use){.limit = 0};
    if (!ss_lock_try(&look_lock))
        return false;
    container_find(ss_os_clock_nanoseconds());
    *use = ss_container_look(&looked_at);
    ss_lock_release(&look_lock);
    return use->limit != 0;
}

void ss_pressure_note(const char *text, size_t bytes) {
    if (target == NULL || bytes > REPORT_BYTES)
        return;
    if (target[0] != '\0')
        ss_os_append(target, text, bytes);
    else
        ss_os_write_error(text, bytes);
}

void ss_pressure_inherit(void) {
    ss_lock_inherit(&look_lock);
    if (!ss_lock_is_mine(&look_lock))
        found_at = 0;
    watch = (pressure_watch){.pause_ms = SS_CONTAINER_MILLISECONDS};
}
