#include "undo.h"

#include "explorer.h"

#include <string.h>

enum { LOG_BYTES = 32 << 20 };

typedef struct entry {
    char *address;
    size_t bytes; /* they stand before the entry */
} entry;

static _Alignas(16) char journal[LOG_BYTES];
static size_t used;
static bool started;

void undo_start(void) {
    started = true;
    used = 0;
}

static size_t padded(size_t bytes) {
    return (bytes + 15) & ~(size_t)15;
}

void undo_note(const void *address, size_t bytes) {
    if (!started)
        return;
    if (used + padded(bytes) + sizeof(entry) > LOG_BYTES)
        explorer_fail("an execution writes too much");
    memcpy(journal + used, address, bytes);
    used += padded(bytes);
    *(entry *)(void *)(journal + used) = (entry){(char *)(uintptr_t)address, bytes};
    used += sizeof(entry);
}

void undo_all(void) {
    while (used > 0) {
        used -= sizeof(entry);
        const entry last = *(const entry *)(const void *)(journal + used);
        used -= padded(last.bytes);
        memcpy(last.address, journal + used, last.bytes);
    }
}

void undo_write(void *address, const void *bytes, size_t count) {
    undo_note(address, count);
    memcpy(address, bytes, count);
}
