#include "profile/top.h"

#include "os/os.h"
#include "os/profile.h"
#include "profile/codemap.h"
#include "profile/modules.h"
#include "profile/stacks.h"
#include "profile/state.h"

#include <string.h>

#define STACKS 5u
#define FRAMES 12u /* generated ones of a stack that are looked up, from the innermost on */
#define SHOWN 3u   /* of these */
#define LEAST_BYTES ((uint64_t)1 << 20)
#define LINE_BYTES 80u
#define NAPS 200u /* of 0.1 ms */
#define NAME_BYTES 160u

/* A frame in generated code, and its name in the map as it was at the stack's last sample. */
typedef struct frame {
    uintptr_t call;
    char name[NAME_BYTES];
} frame;

typedef struct held {
    uint64_t bytes, map_bytes;
    uint32_t stack, count;
    frame frames[FRAMES];
} held;

static SS_SPARSE held top[STACKS];
static uint32_t top_count;

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

static void fill(held *one) {
    uintptr_t frames[SS_STACK_FRAMES];
    const uint32_t count = ss_stack_frames(one->stack, frames);
    one->map_bytes = ss_stack_at(one->stack)->last;
    one->count = 0;
    for (uint32_t i = 0; i < count && one->count < FRAMES; i++)
        if (ss_module_at(frames[i] - 1) == NULL)
            one->frames[one->count++] = (frame){.call = frames[i] - 1};
}

/* A thread that takes a sample has the lock for microseconds, or longer where the system makes it wait for memory. */
static bool lock_patiently(void) {
    for (unsigned naps = 0; !ss_lock_try(&ss_profile->lock); naps++) {
        if (naps == NAPS)
            return false;
        ss_os_nap();
    }
    return true;
}

static bool collect(void) {
    top_count = 0;
    if (!lock_patiently())
        return false;
    if (ss_profile->started != 0)
        for (uint32_t stack = 0; stack < ss_stacks_count(); stack++) {
            const uint64_t bytes = ss_stack_at(stack)->counts.used_bytes;
            if (bytes >= LEAST_BYTES && (int64_t)bytes > 0)
                insert(stack, bytes);
        }
    for (uint32_t i = 0; i < top_count; i++)
        fill(&top[i]);
    ss_profile_unlock();
    return top_count != 0;
}

/* ---- the names ---- */

/* The last definition before the stack's last sample is the one that counts. */
static void define(uint64_t line, uintptr_t start, uintptr_t size, const char *name, size_t bytes) {
    for (uint32_t i = 0; i < top_count; i++)
        for (uint32_t k = 0; line < top[i].map_bytes && k < top[i].count; k++) {
            frame *one = &top[i].frames[k];
            if (one->call - start >= size)
                continue;
            memcpy(one->name, name, bytes);
            one->name[bytes] = '\0';
        }
}

static unsigned digit_of(char c) {
    return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
           : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                                  : 16;
}

static const char *hexadecimal(const char *at, uintptr_t *out) {
    for (*out = 0; digit_of(*at) < 16; at++)
        *out = *out << 4 | digit_of(*at);
    return *at == ' ' ? at + 1 : at;
}

/* "START SIZE NAME", of which the name may have been cut. */
static void map_line(uint64_t place, const char *line, size_t bytes) {
    uintptr_t start, size;
    const char *name = hexadecimal(hexadecimal(line, &start), &size);
    const size_t before = (size_t)(name - line);
    if (before < bytes)
        define(place, start, size, name,
               bytes - before < NAME_BYTES - 1 ? bytes - before : NAME_BYTES - 1);
}

static void names_read(void) {
    static char part[4096], line[NAME_BYTES + 40];
    const char *path = ss_codemap_path();
    size_t held_bytes = 0, got;
    uint64_t begin = 0;
    for (uint64_t at = 0;
         path[0] != '\0' && (got = ss_os_read_part(path, at, part, sizeof part)) != 0; at += got)
        for (size_t i = 0; i < got; i++) {
            if (part[i] != '\n') {
                if (held_bytes < sizeof line - 1)
                    line[held_bytes++] = part[i];
                continue;
            }
            line[held_bytes] = '\0';
            map_line(begin, line, held_bytes);
            held_bytes = 0;
            begin = at + i + 1;
        }
}

/* "JS:*name file:line:column" without what the engine puts before the name; NULL for code that is not the program's. */
static const char *shown_name(const char *name) {
    const char *at = strchr(name, ':');
    if (at == NULL || strstr(name, " node:") != NULL || strchr(name, ' ') == NULL)
        return NULL;
    at++;
    if (*at == 'o' && at[1] == '*')
        at++;
    at += strspn(at, "~^*+=-'");
    return at + (*at == ' '); /* the code of a file outside of its functions has no name */
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

static void put_held(lines *to, const held *one) {
    uint32_t shown = 0;
    put(to, "superslab: ");
    put_mebibytes(to, one->bytes);
    for (uint32_t i = 0; i < one->count && shown < SHOWN; i++) {
        const char *name = shown_name(one->frames[i].name);
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
    names_read();
    put(&to, "superslab: live bytes by the functions that asked for them, sampled");
    end_line(&to);
    for (uint32_t i = 0; i < top_count && !to.full; i++)
        put_held(&to, &top[i]);
    return to.length;
}
