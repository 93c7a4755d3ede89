#include "profile/samples.h"

#include "base/process.h"

#include <string.h>

#define SLOTS_FIRST 4096u
#define SLOTS_MOST (1u << 20)

/* A hash table with linear probing, at most half full. */
static ss_sample *slots;
static uint32_t slot_count, used;

static size_t table_bytes(uint32_t count) {
    const size_t page = ss_os_page_bytes();
    return (count * sizeof(ss_sample) + page - 1) & ~(page - 1);
}

static ss_sample *table_make(uint32_t count) {
    void *table = ss_os_reserve(table_bytes(count), ss_os_page_bytes());
    if (table == NULL)
        return NULL;
    if (!ss_os_commit(table, table_bytes(count))) {
        ss_os_release(table, table_bytes(count));
        return NULL;
    }
    ss_count_metadata(table_bytes(count));
    ss_count_reserved(table_bytes(count));
    return table;
}

static void table_end(ss_sample *table, uint32_t count) {
    ss_os_release(table, table_bytes(count));
    ss_count_metadata_gone(table_bytes(count));
    ss_count_released(table_bytes(count));
}

bool ss_samples_begin(void) {
    if (slots != NULL)
        table_end(slots, slot_count);
    used = 0;
    slots = table_make(slot_count = SLOTS_FIRST);
    return slots != NULL;
}

static uint32_t home(uintptr_t block) {
    return (uint32_t)((uint64_t)(block >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 40) &
           (slot_count - 1);
}

static uint32_t place(uintptr_t block) {
    uint32_t at = home(block);
    while (slots[at].block != 0 && slots[at].block != block)
        at = (at + 1) & (slot_count - 1);
    return at;
}

static bool grow(void) {
    ss_sample *before = slots;
    const uint32_t count = slot_count;
    ss_sample *table = count < SLOTS_MOST ? table_make(count * 2) : NULL;
    if (table == NULL)
        return false;
    slots = table;
    slot_count = count * 2;
    for (uint32_t i = 0; i < count; i++)
        if (before[i].block != 0)
            slots[place(before[i].block)] = before[i];
    table_end(before, count);
    return true;
}

bool ss_sample_add(const ss_sample *sample) {
    if (slots == NULL || (used >= slot_count / 2 && !grow()))
        return false;
    slots[place(sample->block)] = *sample;
    used++;
    return true;
}

/* Samples behind the gap move up, so that no search ends at it. */
static void close_gap(uint32_t gap) {
    for (uint32_t at = (gap + 1) & (slot_count - 1); slots[at].block != 0;
         at = (at + 1) & (slot_count - 1)) {
        const uint32_t distance = (at - home(slots[at].block)) & (slot_count - 1);
        if (distance >= ((at - gap) & (slot_count - 1))) {
            slots[gap] = slots[at];
            gap = at;
        }
    }
    slots[gap].block = 0;
}

bool ss_sample_take(uintptr_t block, ss_sample *out) {
    if (used == 0)
        return false;
    const uint32_t at = place(block);
    if (slots[at].block == 0)
        return false;
    *out = slots[at];
    close_gap(at);
    used--;
    return true;
}

uint32_t ss_samples_count(void) {
    return used;
}

void ss_samples_sift(bool (*ended)(const ss_sample *sample, void *context), void *context) {
    for (uint32_t i = 0; i < slot_count && slots != NULL;)
        if (slots[i].block != 0 && ended(&slots[i], context)) {
            close_gap(i); /* another one may lie here now */
            used--;
        } else {
            i++;
        }
}
