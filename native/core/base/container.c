#include "base/container.h"

#include "base/config.h"
#include "os/digits.h"
#include "os/os.h"

#include <string.h>

const char *ss_container_root = "";

/* ---- text ---- */

/* The start of the field that begins after `count` spaces, or NULL. */
static const char *field(const char *line, unsigned count) {
    for (; count != 0 && line != NULL; count--) {
        line = strchr(line, ' ');
        line = line == NULL ? NULL : line + 1;
    }
    return line;
}

/* Whether `word` is in a list that is separated by commas and ends at a character of `ends`. */
static bool has_word(const char *list, const char *word, const char *ends) {
    size_t length = strlen(word), end = strcspn(list, ends);
    for (size_t at = 0; at < end;) {
        size_t next = at + strcspn(list + at, ",");
        next = next > end ? end : next;
        if (next - at == length && memcmp(list + at, word, length) == 0)
            return true;
        at = next + 1;
    }
    return false;
}

/* Appends to a path of SS_CONTAINER_PATH_BYTES; false if there is no room. */
static bool append(char *path, const char *text, size_t length) {
    size_t end = strlen(path);
    if (end + length >= SS_CONTAINER_PATH_BYTES)
        return false;
    memcpy(path + end, text, length);
    path[end + length] = '\0';
    return true;
}

/* ---- files ---- */

typedef struct small_file {
    char text[256];
} small_file;

static bool file_read(const char *directory, size_t length, const char *name, small_file *file) {
    char path[SS_CONTAINER_PATH_BYTES] = "";
    return append(path, directory, length) && append(path, "/", 1) &&
           append(path, name, strlen(name)) && ss_os_read_file(path, file->text, sizeof file->text);
}

static uint64_t file_number(const char *directory, size_t length, const char *name,
                            uint64_t otherwise) {
    small_file file;
    if (!file_read(directory, length, name, &file) || file.text[0] < '0' || file.text[0] > '9')
        return otherwise; /* "max" and -1 are no limits */
    return ss_os_digits(file.text, NULL);
}

/* ---- finding the groups ---- */

typedef struct group {
    /* The version 1 controller; NULL for version 2, which has one hierarchy. */
    const char *controller;
    bool found, mounted;
    char path[SS_CONTAINER_PATH_BYTES];      /* in its hierarchy */
    char directory[SS_CONTAINER_PATH_BYTES]; /* in the file system */
    uint32_t mount_length;                   /* the length of the mount point within `directory` */
} group;

/* "4:memory:/path" of version 1, "0::/path" of version 2. */
static bool membership_line(const char *line, void *context) {
    group *one = context;
    const char *controllers = strchr(line, ':');
    const char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    if (path == NULL)
        return false;
    controllers++;
    one->found =
        one->controller == NULL ? *controllers == ':' : has_word(controllers, one->controller, ":");
    if (!one->found)
        return false;
    one->path[0] = '\0';
    path++;
    one->found = append(one->path, path, strlen(path));
    return true;
}

/* "36 35 98:0 /root /mount/point options shared:1 - cgroup source memory": the mount point shows the hierarchy from
 * /root down. */
static bool mount_line(const char *line, void *context) {
    group *one = context;
    const char *root = field(line, 3), *point = field(line, 4), *kind = strstr(line, " - ");
    const char *options = kind == NULL ? NULL : field(kind + 3, 2);
    if (root == NULL || point == NULL || options == NULL)
        return false;
    kind += 3;
    size_t kind_length = strcspn(kind, " ");
    if (one->controller == NULL ? kind_length != 7 || memcmp(kind, "cgroup2", 7) != 0
                                : kind_length != 6 || memcmp(kind, "cgroup", 6) != 0 ||
                                      !has_word(options, one->controller, " "))
        return false;
    size_t root_length = strcspn(root, " ");
    root_length = root_length == 1 ? 0 : root_length;
    /* If the group is outside the mounted part, the mount point is taken for it, as in a container that sees its own
     * group as the root. */
    bool inside = memcmp(one->path, root, root_length) == 0;
    const char *rest = inside ? one->path + root_length : "";
    size_t rest_length = strlen(rest);
    while (rest_length != 0 && rest[rest_length - 1] == '/')
        rest_length--;
    one->directory[0] = '\0';
    one->mounted = append(one->directory, ss_container_root, strlen(ss_container_root)) &&
                   append(one->directory, point, strcspn(point, " "));
    one->mount_length = (uint32_t)strlen(one->directory);
    one->mounted = one->mounted && append(one->directory, rest, rest_length);
    return one->mounted;
}

static bool group_find(group *one, const char *controller) {
    char file[SS_CONTAINER_PATH_BYTES] = "";
    *one = (group){.controller = controller};
    size_t root = strlen(ss_container_root);
    if (!append(file, ss_container_root, root) || !append(file, "/proc/self/cgroup", 17))
        return false;
    ss_os_read_lines(file, membership_line, one);
    file[root] = '\0';
    if (!one->found || !append(file, "/proc/self/mountinfo", 20))
        return false;
    ss_os_read_lines(file, mount_line, one);
    return one->mounted;
}

/* The length of the directory around a group; 0 at the mount point. */
static uint32_t parent_length(const char *directory, uint32_t length, uint32_t mount_length) {
    if (length <= mount_length)
        return 0;
    while (directory[--length] != '/')
        ;
    return length < mount_length ? mount_length : length;
}

/* ---- memory ---- */

static uint64_t level_limit(const ss_container *container, uint32_t length) {
    const char *directory = container->directory;
    if (!container->v2) {
        uint64_t limit =
            file_number(directory, length, "memory.limit_in_bytes", SS_CONTAINER_NO_LIMIT);
        /* Without a limit version 1 shows the largest multiple of a page, about 2^63. */
        return limit < UINT64_C(1) << 60 ? limit : SS_CONTAINER_NO_LIMIT;
    }
    uint64_t most = file_number(directory, length, "memory.max", SS_CONTAINER_NO_LIMIT);
    uint64_t high = file_number(directory, length, "memory.high", SS_CONTAINER_NO_LIMIT);
    return high < most ? high : most;
}

static void memory_read(ss_container *container) {
    group one;
    container->v2 = false;
    if (!group_find(&one, "memory")) {
        container->v2 = true;
        if (!group_find(&one, NULL))
            return;
    }
    memcpy(container->directory, one.directory, sizeof one.directory);
    uint32_t length = (uint32_t)strlen(one.directory);
    while (length != 0 && container->levels < SS_CONTAINER_LEVELS) {
        uint64_t limit = level_limit(container, length);
        if (limit != SS_CONTAINER_NO_LIMIT) {
            container->length[container->levels] = length;
            container->limit[container->levels++] = limit;
        }
        length = parent_length(one.directory, length, one.mount_length);
    }
}

/* ---- processors ---- */

static uint32_t thousandths(uint64_t quota, uint64_t period) {
    uint64_t share = quota != 0 && period != 0 ? quota * 1000 / period : 0;
    return share > UINT32_MAX ? 0 : (uint32_t)share;
}

static uint32_t level_cpu(const group *one, uint32_t length, bool v2) {
    small_file file;
    if (!v2)
        return thousandths(file_number(one->directory, length, "cpu.cfs_quota_us", 0),
                           file_number(one->directory, length, "cpu.cfs_period_us", 0));
    if (!file_read(one->directory, length, "cpu.max", &file))
        return 0;
    const char *period = field(file.text, 1);
    return period == NULL ? 0
                          : thousandths(ss_os_digits(file.text, NULL), ss_os_digits(period, NULL));
}

static void cpu_read(ss_container *container) {
    group one;
    bool v2 = !group_find(&one, "cpu");
    if (v2 && !group_find(&one, NULL))
        return;
    for (uint32_t length = (uint32_t)strlen(one.directory); length != 0;
         length = parent_length(one.directory, length, one.mount_length)) {
        uint32_t share = level_cpu(&one, length, v2);
        if (share != 0 && (container->cpu_thousandths == 0 || share < container->cpu_thousandths))
            container->cpu_thousandths = share;
    }
}

/* ---- the interface ---- */

void ss_container_read(ss_container *container) {
    *container = (ss_container){.levels = 0};
    memory_read(container);
    cpu_read(container);
}

uint64_t ss_container_limit(const ss_container *container) {
    uint64_t least = SS_CONTAINER_NO_LIMIT;
    for (uint32_t i = 0; i < container->levels; i++)
        least = container->limit[i] < least ? container->limit[i] : least;
    return least;
}

typedef struct stat_search {
    const char *name;
    uint64_t value;
} stat_search;

static bool stat_line(const char *line, void *context) {
    stat_search *search = context;
    size_t length = strlen(search->name);
    if (strncmp(line, search->name, length) != 0 || line[length] != ' ')
        return false;
    search->value = ss_os_digits(line + length + 1, NULL);
    return true;
}

/* Bytes that the level uses, less the file cache that the system would drop first. */
static uint64_t level_used(const ss_container *container, uint32_t length) {
    const char *directory = container->directory;
    stat_search search = {container->v2 ? "inactive_file" : "total_inactive_file", 0};
    char path[SS_CONTAINER_PATH_BYTES] = "";
    uint64_t used = file_number(directory, length,
                                container->v2 ? "memory.current" : "memory.usage_in_bytes", 0);
    if (append(path, directory, length) && append(path, "/memory.stat", 12))
        ss_os_read_lines(path, stat_line, &search);
    return used > search.value ? used - search.value : 0;
}

/* "some avg10=12.34 ...": the share of the last ten seconds in which some thread waited. */
static bool has_pressure(const ss_container *container) {
    small_file file;
    if (!container->v2 || container->directory[0] == '\0' ||
        !file_read(container->directory, strlen(container->directory), "memory.pressure", &file) ||
        strncmp(file.text, "some avg10=", 11) != 0)
        return false;
    return ss_os_digits(file.text + 11, NULL) >= SS_CONTAINER_PRESSURE_PERCENT;
}

ss_container_use ss_container_look(const ss_container *container) {
    ss_container_use use = {.limit = 0};
    uint64_t nearest = 0; /* in 1,024ths */
    for (uint32_t i = 0; i < container->levels; i++) {
        const uint64_t used = level_used(container, container->length[i]);
        const uint64_t limit = container->limit[i];
        const uint64_t share = used / (limit / 1024 + 1);
        if (i == 0 || share > nearest) {
            nearest = share;
            use.used = used;
            use.limit = limit;
        }
        use.near |= used >= limit / 10 * SS_CONTAINER_NEAR_TENTHS;
    }
    use.near = use.near || has_pressure(container);
    return use;
}
