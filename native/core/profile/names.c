#include "profile/names.h"

#include "base/lock.h"
#include "os/profile.h"
#include "profile/codemap.h"

#include <string.h>

static ss_lock reading; /* tried, never waited for: the buffers below are in use */

typedef struct wanted {
    ss_code_name *names;
    uint32_t count;
} wanted;

/* A definition in the line that begins at `line` of the map. */
static void define(const wanted *to, uint64_t line, uintptr_t start, uintptr_t size,
                   const char *name, size_t bytes) {
    for (uint32_t i = 0; i < to->count; i++) {
        ss_code_name *one = &to->names[i];
        if (line >= one->map_bytes || one->call - start >= size)
            continue;
        memcpy(one->text, name, bytes);
        one->text[bytes] = '\0';
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
static void map_line(const wanted *to, uint64_t place, const char *line, size_t bytes) {
    uintptr_t start, size;
    const char *name = hexadecimal(hexadecimal(line, &start), &size);
    const size_t before = (size_t)(name - line);
    if (before < bytes)
        define(to, place, start, size, name,
               bytes - before < SS_CODE_NAME_BYTES - 1 ? bytes - before : SS_CODE_NAME_BYTES - 1);
}

static void map_read(const wanted *to) {
    static char part[4096], line[SS_CODE_NAME_BYTES + 40];
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
            map_line(to, begin, line, held_bytes);
            held_bytes = 0;
            begin = at + i + 1;
        }
}

void ss_code_names_read(ss_code_name *names, uint32_t count) {
    const wanted to = {names, count};
    if (!ss_lock_try(&reading))
        return;
    map_read(&to);
    ss_lock_release(&reading);
}

/* "JS:*name file:line:column" without what the engine puts before the name; NULL for code that is not the program's. */
const char *ss_code_name_shown(const char *text) {
    const char *at = strchr(text, ':');
    if (at == NULL || strstr(text, " node:") != NULL || strchr(text, ' ') == NULL)
        return NULL;
    at++;
    if (*at == 'o' && at[1] == '*')
        at++;
    at += strspn(at, "~^*+=-'");
    return at + (*at == ' '); /* the code of a file outside of its functions has no name */
}
