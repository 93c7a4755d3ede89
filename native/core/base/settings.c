#include "base/settings.h"

#include "base/config.h"
#include "os/digits.h"
#include "os/os.h"

#include <string.h>

/* ---- values ---- */

static bool read_number(const char **text, uint64_t most, uint64_t *out) {
    const char *end;
    *out = ss_os_digits(*text, &end);
    /* UINT64_MAX stands for a number that is larger. */
    const bool valid = end != *text && *out <= most && *out != UINT64_MAX;
    *text = end;
    return valid;
}

static bool parse_flag(const char *text, bool *out) {
    bool one = strcmp(text, "1") == 0;
    if (!one && strcmp(text, "0") != 0)
        return false;
    *out = one;
    return true;
}

/* A number of bytes, or of KiB, MiB or GiB with K, M or G after it. 0 means no limit. */
static bool parse_bytes(const char *text, size_t *out) {
    uint64_t value;
    if (!read_number(&text, SIZE_MAX, &value))
        return false;
    static const char units[] = "KMG";
    const char *unit = *text == '\0' ? NULL : strchr(units, *text);
    unsigned shift = unit == NULL ? 0 : 10 * (unsigned)(unit - units + 1);
    text += unit != NULL;
    if (*text != '\0' || value > SIZE_MAX >> shift)
        return false;
    *out = value == 0 ? SIZE_MAX : (size_t)value << shift;
    return true;
}

static bool parse_milliseconds(const char *text, int32_t *out) {
    uint64_t value;
    if (strcmp(text, "-1") == 0) {
        *out = SS_DECAY_NEVER;
        return true;
    }
    if (!read_number(&text, INT32_MAX, &value) || *text != '\0')
        return false;
    *out = (int32_t)value;
    return true;
}

static bool parse_rate(const char *text, uint32_t *out) {
    uint64_t value;
    if (!read_number(&text, SS_GUARD_RATE_MOST, &value) || *text != '\0')
        return false;
    *out = (uint32_t)value;
    return true;
}

/* ---- variables ---- */

static char *append(char *at, const char *end, const char *text) {
    while (*text != '\0' && at < end)
        *at++ = *text++;
    return at;
}

void ss_settings_complain(const char *name, const char *value, const char *wanted) {
    char line[256], *at = line, *end = line + sizeof line - 1;
    at = append(at, end, "superslab: ");
    at = append(at, end, name);
    at = append(at, end, "=");
    at = append(at, end, value);
    at = append(at, end, " is ignored: it takes ");
    at = append(at, end, wanted);
    *at++ = '\n';
    ss_os_write_error(line, (size_t)(at - line));
}

void ss_settings_read(ss_settings *settings) {
    const char *value;
    *settings = (ss_settings){.limit_bytes = SIZE_MAX, .decay_ms = SS_DECAY_MILLISECONDS};
    value = ss_os_environment("SUPERSLAB_THP");
    bool huge;
    if (value != NULL && parse_flag(value, &huge))
        settings->huge_pages = huge ? SS_HUGE_ALWAYS : SS_HUGE_NEVER;
    else if (value != NULL)
        ss_settings_complain("SUPERSLAB_THP", value, "0 or 1");
    value = ss_os_environment("SUPERSLAB_LIMIT");
    if (value != NULL && !parse_bytes(value, &settings->limit_bytes))
        ss_settings_complain("SUPERSLAB_LIMIT", value, "bytes, or a number followed by K, M or G");
    value = ss_os_environment("SUPERSLAB_DECAY");
    settings->inline_only = value != NULL && strcmp(value, SS_DECAY_INLINE) == 0;
    if (value != NULL && !settings->inline_only && !parse_milliseconds(value, &settings->decay_ms))
        ss_settings_complain("SUPERSLAB_DECAY", value,
                             "milliseconds, -1 for never, or " SS_DECAY_INLINE);
    value = ss_os_environment("SUPERSLAB_GUARD");
    if (value != NULL && !parse_rate(value, &settings->guard_rate))
        ss_settings_complain("SUPERSLAB_GUARD", value, "a number of blocks a second, at most 100");
}
