/* For a mapping whose address is left to it the system takes the highest gap that is long enough, and its upper end. So
 * all gaps above a random place are filled. */
#define _GNU_SOURCE
#include "digits.h"
#include "maps_linux.h"
#include "os.h"
#include "place_linux.h"
#include "steer.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000 /* Linux 4.17; a mere hint before */
#endif
#define TRIES 3u

typedef struct gaps {
    size_t least;   /* shorter ones need not be filled */
    uintptr_t from; /* nor those below: no place is drawn there */
    uintptr_t end;
    uint32_t count;
    bool too_many;
    ss_os_span list[SS_OS_STEER_MAX];
} gaps;

static bool gap_line(const char *line, void *context) {
    gaps *all = context;
    uintptr_t start, end;
    ss_os_maps_line(line, &start, &end);
    const uintptr_t from = all->end;
    all->end = end;
    /* The stack grows into the gap below it; the system places no mapping there. */
    if (strstr(line, "[stack]") != NULL)
        return true;
    if (start <= all->from || start - from < all->least)
        return false;
    all->too_many = all->count == SS_OS_STEER_MAX - 2;
    if (!all->too_many)
        all->list[all->count++] = (ss_os_span){(char *)from, start - from};
    return all->too_many;
}

static bool is_within(const ss_os_span *gap, const char *start, size_t bytes) {
    return bytes <= gap->bytes && (size_t)(start - gap->start) <= gap->bytes - bytes;
}

/* The gap that has room for the place and its margins, or NULL. */
static const ss_os_span *gap_around(const gaps *all, const char *place, size_t bytes) {
    for (uint32_t i = 0; i < all->count; i++)
        if (is_within(&all->list[i], place - SS_OS_MARGIN_BYTES, bytes + 2 * SS_OS_MARGIN_BYTES))
            return &all->list[i];
    return NULL;
}

static bool take(ss_os_steering *steering, char *start, size_t bytes) {
    const int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    char *got = mmap(start, bytes, PROT_NONE, kind, -1, 0);
    if (got == start) {
        steering->taken[steering->count++] = (ss_os_span){start, bytes};
        return true;
    }
    if (got != MAP_FAILED)
        munmap(got, bytes);
    return false;
}

static bool gaps_fill(ss_os_steering *steering, const gaps *all, char *place, size_t bytes) {
    const ss_os_span *around = gap_around(all, place, bytes);
    char *above = place + bytes + SS_OS_MARGIN_BYTES;
    if (!take(steering, place - SS_OS_MARGIN_BYTES, SS_OS_MARGIN_BYTES) ||
        !take(steering, place + bytes, SS_OS_MARGIN_BYTES))
        return false;
    for (const ss_os_span *gap = around; gap < all->list + all->count; gap++) {
        char *start = gap == around ? above : gap->start;
        const size_t rest = (size_t)(gap->start + gap->bytes - start);
        if (rest != 0 && !take(steering, start, rest))
            return false;
    }
    return true;
}

static uint64_t resident_pages(void) {
    char text[128];
    const char *at = text;
    ss_os_read_file("/proc/self/statm", text, sizeof text);
    ss_os_digits(at, &at);
    return *at == ' ' ? ss_os_digits(at + 1, NULL) : 0;
}

/* Whether each of three reservations takes memory, or one is refused. Another thread may touch more than PAGES_FEW
 * pages during one of them, but hardly during all three. qemu 7 takes 24 bytes for each reserved page, which is 96 pages
 * a reservation. */
static bool try_reservations(void) {
    enum { RESERVATIONS = 3, PAGES_FEW = 48 };
    const size_t bytes = (size_t)64 << 20;
    void *taken[RESERVATIONS];
    unsigned count = 0;
    bool take_memory = true;
    while (take_memory && count < RESERVATIONS) {
        const uint64_t before = resident_pages();
        taken[count] =
            mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (taken[count] == MAP_FAILED)
            break;
        take_memory = resident_pages() > before + PAGES_FEW;
        count++;
    }
    for (unsigned i = 0; i < count; i++)
        munmap(taken[i], bytes);
    return take_memory;
}

/* The answer is kept, because an emulator may have the records of the same addresses already. */
bool ss_os_reservations_are_expensive(void) {
    enum { UNKNOWN, CHEAP, EXPENSIVE };
    static _Atomic uint8_t reservations; /* relaxed: two threads that try at once find the same */
    uint8_t known = atomic_load_explicit(&reservations, memory_order_relaxed);
    if (known == UNKNOWN) {
        const int saved = errno;
        known = try_reservations() ? EXPENSIVE : CHEAP;
        atomic_store_explicit(&reservations, known, memory_order_relaxed);
        errno = saved;
    }
    return known == EXPENSIVE;
}

void ss_os_steer_begin(ss_os_steering *steering, size_t least, size_t most) {
    const int saved = errno;
    const unsigned bits = ss_place_bits();
    gaps all = {.least = least, .from = (uintptr_t)1 << (bits - 1)};
    steering->count = 0;
    if (!ss_os_reservations_are_expensive())
        ss_os_read_lines("/proc/self/maps", gap_line, &all);
    for (unsigned try = 0; try < TRIES && all.count != 0 && !all.too_many; try++) {
        char *place = ss_place_draw(SS_PLACE_STEERING, bits, most, SS_OS_PAGE_MAX_BYTES);
        if (gap_around(&all, place, most) == NULL)
            continue;
        if (gaps_fill(steering, &all, place, most))
            break;
        ss_os_steer_end(steering, false);
        steering->count = 0;
    }
    errno = saved;
}

void ss_os_steer_end(const ss_os_steering *steering, bool has_margins) {
    const int saved = errno;
    for (uint32_t i = has_margins ? 2 : 0; i < steering->count; i++)
        munmap(steering->taken[i].start, steering->taken[i].bytes);
    errno = saved;
}
