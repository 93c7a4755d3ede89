#include "profile/top.h"

#include "profile/modules.h"
#include "profile/names.h"
#include "profile/profile.h"
#include "profile/stacks.h"
#include "profile/state.h"

#include <string.h>

#define STACKS 5u
#define FRAMES 12u /* generated ones of a stack that are looked up, from the innermost on */
#define SHOWN 3u   /* of these */
#define LEAST_BYTES ((uint64_t)1 << 20)
#define LINE_BYTES 80u

typedef struct held {
    uint64_t bytes;
    uint32_t stack, count; /* count: of frames in generated code */
} held;

static held top[STACKS];
static uint32_t top_count;
/* The frames in generated code of each stack, with their names as of the stack's last sample. */
static SS_SPARSE ss_code_name names[STACKS][FRAMES];

/* ---- the stacks, under the lock ---- */

static void insert(uint32_t stack, uint64_t bytes) {
    uint32_t at = top_count < STACKS ? top_count++ : STACKS;
    for (; at != 0 && top[at - 1].bytes < bytes; at--)
        if (at < STACKS)
            top[at] = top[at - 1];
    if (at < STACKS) {
        top[at].bytes = bytes;
        top[at].stack = stack;
    }
}

static void fill(held *one, ss_code_name *of) {
    uintptr_t frames[SS_STACK_FRAMES];
    const uint32_t count = ss_stack_frames(one->stack, frames);
    const uint64_t map_bytes = ss_stack_at(one->stack)->last;
    one->count = 0;
    for (uint32_t i = 0; i < count && one->count < FRAMES; i++)
        if (ss_module_at(frames[i] - 1) == NULL)
            of[one->count++] = (ss_code_name){.call = frames[i] - 1, .map_bytes = map_bytes};
}

static bool collect(void) {
    top_count = 0;
    if (!ss_profile_lock_patiently())
        return false;
    memset(names, 0, sizeof names);
    if (ss_profile->started != 0)
        for (uint32_t stack = 0; stack < ss_stacks_count(); stack++) {
            const uint64_t bytes = ss_stack_at(stack)->counts.used_bytes;
            if (bytes >= LEAST_BYTES && (int64_t)bytes > 0)
                insert(stack, bytes);
        }
    for (uint32_t i = 0; i < top_count; i++)
        fill(&top[i], names[i]);
    ss_profile_unlock();
    return top_count != 0;
}

/* ---- the lines ---- */

typedef struct lines {
    char *text;
    size_t length, bytes, line; /* line: where the present one begins */
    bool full;
} lines;

static void put_bytes(lines *to, const char *text, size_t bytes) {
    if (bytes > to->bytes - to->length) {
        to->full = true;
        return;
    }
    memcpy(to->text + to->length, text, bytes);
    to->length += bytes;
}

static void put(lines *to, const char *text) {
    put_bytes(to, text, strlen(text));
}

/* The end of a name says where it is, so what is too long loses its beginning. */
static void put_name(lines *to, const char *name) {
    const size_t bytes = strlen(name), used = to->length - to->line;
    const size_t room = used < LINE_BYTES ? LINE_BYTES - used : 0;
    const char *file = strchr(name, ' ');
    if (bytes <= room || file == NULL) {
        put_bytes(to, name, bytes < room ? bytes : room);
        return;
    }
    const size_t function = (size_t)(file - name) + 1;
    const size_t kept = function < room / 2 ? function : 0;
    put_bytes(to, name, kept);
    put(to, "...");
    put(to, name + bytes - (room - kept - 3));
}

static void end_line(lines *to) {
    put(to, "\n");
    if (to->full)
        to->length = to->line;
    to->line = to->length;
}

static void put_mebibytes(lines *to, uint64_t bytes) {
    char digits[16];
    size_t at = sizeof digits;
    uint64_t tenths = ((bytes >> 10) * 10 + 512) >> 10, whole = tenths / 10;
    digits[--at] = (char)('0' + tenths % 10);
    digits[--at] = '.';
    do
        digits[--at] = (char)('0' + whole % 10);
    while ((whole /= 10) != 0);
    while (sizeof digits - at < 8)
        digits[--at] = ' ';
    put_bytes(to, digits + at, sizeof digits - at);
    put(to, " MiB ");
}

static void put_held(lines *to, const held *one, const ss_code_name *of) {
    uint32_t shown = 0;
    put(to, "superslab: ");
    put_mebibytes(to, one->bytes);
    for (uint32_t i = 0; i < one->count && shown < SHOWN; i++) {
        const char *name = ss_code_name_shown(of[i].text);
        if (name == NULL)
            continue;
        put(to, shown++ == 0 ? "" : "superslab:     called by ");
        put_name(to, name);
        end_line(to);
    }
    if (shown == 0) {
        put(to, "native code, or JavaScript without the engine's map");
        end_line(to);
    }
}

size_t ss_profile_top(char *text, size_t bytes) {
    lines to = {.text = text, .bytes = bytes};
    if (!collect())
        return 0;
    ss_code_names_read(names[0], STACKS * FRAMES);
    put(&to, "superslab: live bytes by the functions that asked for them, sampled");
    end_line(&to);
    for (uint32_t i = 0; i < top_count && !to.full; i++)
        put_held(&to, &top[i], names[i]);
    return to.length;
}
