#include "recording.h"

#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct event {
    uint64_t sequence, address;
    uint8_t call; /* 0: a realloc lets go of its block */
} event;

typedef struct reader {
    const uint8_t *at, *end;
    uint64_t sequence, drawn, address, anchors[4], base;
    unsigned anchor;
    event *events;
    size_t count, room;
} reader;

static uint8_t byte(reader *from) {
    CHECK(from->at < from->end);
    return *from->at++;
}

static uint64_t number(reader *from) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        const uint8_t next = byte(from);
        CHECK_LT(shift, 64);
        value |= (uint64_t)(next & 127) << shift;
        if (next < 128)
            return value;
    }
}

static void move(reader *from) {
    const uint64_t value = number(from);
    from->address = from->anchors[from->anchor] += value >> 1 ^ -(value & 1);
}

static void note(reader *from, unsigned call) {
    if (from->count == from->room) {
        from->room = from->room * 2 + 1024;
        from->events = realloc(from->events, from->room * sizeof(event));
        CHECK(from->events != NULL);
    }
    from->events[from->count++] = (event){from->sequence, from->address, (uint8_t)call};
}

static uint64_t word(const uint8_t *at, unsigned bytes) {
    uint64_t value = 0;
    memcpy(&value, at, bytes);
    return value;
}

static void long_read(reader *from, recording *out) {
    const uint8_t first = byte(from);
    const unsigned call = first & 15;
    CHECK_LT(first, 128);
    from->anchor = first >> 5;
    out->calls[call]++;
    out->records++;
    if (call == 14) {
        const uint32_t thread = (uint32_t)number(from);
        out->threads = thread > out->threads ? thread : out->threads;
        return;
    }
    CHECK_EQ(first & 16, 16);
    const uint64_t skipped = number(from);
    CHECK_LT(skipped, UINT64_C(1) << 53);
    from->sequence = from->drawn += 1 + skipped;
    if (call == 15)
        return;
    if (call == 3) {
        move(from);
        note(from, 0);
        number(from);
        move(from);
        from->sequence = from->drawn += 1 + number(from);
        note(from, call);
        return;
    }
    if (call == 4 || call == 5 || call == 7)
        CHECK_LT(byte(from), 48);
    if (call <= 7)
        number(from);
    move(from);
    note(from, call);
}

static void short_read(reader *from, unsigned call, recording *out) {
    CHECK_LE(from->at + 3, from->end);
    CHECK(call == 1 || call == 2 || call == 6 || (call >= 8 && call <= 13));
    from->address = from->base + (word(from->at - 1, 4) >> 4);
    from->at += call <= 7 ? 5 : 3;
    CHECK_LE(from->at, from->end);
    from->sequence++;
    out->calls[call]++;
    out->records++;
    out->shorts++;
    note(from, call);
}

static void record_read(reader *from, uint8_t first, recording *out) {
    if (first == 15)
        long_read(from, out);
    else if (first == 14)
        from->sequence = from->drawn += number(from);
    else
        short_read(from, first & 15, out);
}

static void part_read(const uint8_t *part, uint64_t length, reader *from, recording *out) {
    const uint32_t thread = (uint32_t)word(part + 8, 4);
    out->threads = thread > out->threads ? thread : out->threads;
    from->at = part + 48;
    from->end = part + length;
    from->sequence = from->drawn = word(part + 16, 8);
    from->base = word(part + 40, 8);
    for (unsigned i = 0; i < 4; i++)
        from->anchors[i] = word(part + 24, 8);
    uint8_t first;
    while (from->at < from->end && (first = byte(from)) != 0)
        record_read(from, first, out);
}

/* The part of each window that is being written, by the window's number. */
enum { WINDOWS = 1000 };

static uint64_t turns[WINDOWS];

static void windows_read(const uint8_t *file, uint64_t bytes, reader *from, recording *out) {
    memset(turns, 255, sizeof turns);
    for (uint64_t at = word(file + 12, 4); at < bytes && word(file + at, 4) != 0;
         at += word(file + at + 4, 4)) {
        if (memcmp(file + at, "WIND", 4) != 0)
            continue;
        const uint64_t length = word(file + at + 4, 4), window = word(file + at + 8, 4);
        const uint64_t part_bytes = word(file + at + 12, 4), turn = word(file + at + 16, 8);
        const uint8_t *part = file + at + length - (turn % 2 == 0 ? 2 : 1) * part_bytes;
        CHECK_LE(at + length, bytes);
        CHECK_LT(window, WINDOWS);
        CHECK(memcmp(part, "PART", 4) == 0);
        CHECK_EQ(word(part + 12, 4), window);
        CHECK_EQ(word(part + 32, 8), turn);
        turns[window] = turn;
        part_read(part, part_bytes, from, out);
    }
}

/* A part that is also the one in its window may not be whole. */
static void parts_read(const uint8_t *file, uint64_t bytes, reader *from, recording *out) {
    windows_read(file, bytes, from, out);
    for (uint64_t at = word(file + 12, 4); at < bytes && word(file + at, 4) != 0;) {
        const uint64_t length = word(file + at + 4, 4), window = word(file + at + 12, 4);
        if (memcmp(file + at, "WIND", 4) != 0) {
            CHECK(memcmp(file + at, "PART", 4) == 0);
            if (window == 0 || turns[window] != word(file + at + 32, 8)) {
                CHECK(length >= 48 && at + length <= bytes);
                part_read(file + at, length, from, out);
            }
        }
        at += length;
    }
}

static int compare(const void *left, const void *right) {
    const event *a = left, *b = right;
    return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

static int compare_addresses(const void *left, const void *right) {
    const event *a = left, *b = right;
    return a->address != b->address ? (a->address < b->address ? -1 : 1) : compare(left, right);
}

/* Each address by itself, in the order of all threads. */
static void order_check(reader *from, recording *out) {
    qsort(from->events, from->count, sizeof(event), compare);
    for (size_t i = 1; i < from->count; i++)
        CHECK_NE(from->events[i].sequence, from->events[i - 1].sequence);
    qsort(from->events, from->count, sizeof(event), compare_addresses);
    bool is_live = false;
    for (size_t i = 0; i < from->count; i++) {
        const event *one = &from->events[i];
        if (i == 0 || one->address != one[-1].address)
            is_live = false;
        const bool begins = one->call >= 1 && one->call <= 7;
        out->doubled += begins && is_live;
        out->unmatched += !begins && !is_live;
        out->live += (begins && !is_live) - (!begins && is_live);
        is_live = begins;
    }
}

bool recording_read(const char *path, recording *out) {
    *out = (recording){.threads = 0};
    const int descriptor = open(path, O_RDONLY);
    if (descriptor < 0)
        return false;
    struct stat status;
    CHECK_EQ(fstat(descriptor, &status), 0);
    out->bytes = (uint64_t)status.st_size;
    CHECK_GE(out->bytes, 64);
    uint8_t *file = mmap(NULL, out->bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
    CHECK(file != MAP_FAILED);
    close(descriptor);
    CHECK(memcmp(file, "SLABREC\n", 8) == 0);
    CHECK_EQ(word(file + 8, 4), 2);
    out->process = (uint32_t)word(file + 20, 4);
    out->stopped = (uint32_t)word(file + 32, 4);
    memcpy(out->command, file + 40, word(file + 36, 4));
    reader from = {.at = NULL};
    parts_read(file, out->bytes, &from, out);
    order_check(&from, out);
    free(from.events);
    munmap(file, out->bytes);
    return true;
}
