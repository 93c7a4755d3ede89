#include "weaken.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES_MAX = 1024, WEAKENED_MAX = 128 };

typedef struct place {
    uintptr_t address;
    weaken_operation operation;
    int order;
} place;

static place places[PLACES_MAX];
static unsigned place_count;

static uintptr_t weakened[WEAKENED_MAX];
static unsigned weakened_count;
static weaken_operation weakened_operation;
static enum { ACQUIRE, RELEASE, TOTAL } weakened_part;
static bool reached;

static const char *const operations[] = {"load", "store", "rmw", "cas", "cas-failure", "fence"};

bool weaken_parse(const char *text) {
    static const char *const parts[] = {"acquire", "release", "total"};
    for (;;) {
        char *end;
        if (weakened_count == WEAKENED_MAX)
            return false;
        weakened[weakened_count++] = strtoull(text, &end, 16);
        if (end == text)
            return false;
        text = end + 1;
        if (*end == ':')
            break;
        if (*end != ',')
            return false;
    }
    for (unsigned i = 0; i < sizeof operations / sizeof *operations; i++) {
        const size_t length = strlen(operations[i]);
        if (strncmp(text, operations[i], length) != 0 || text[length] != ':')
            continue;
        weakened_operation = (weaken_operation)i;
        for (unsigned part = 0; part < sizeof parts / sizeof *parts; part++)
            if (strcmp(text + length + 1, parts[part]) == 0) {
                weakened_part = part;
                return true;
            }
    }
    return false;
}

bool weaken_wanted(void) {
    return weakened_count > 0;
}

bool weaken_reached(void) {
    return reached;
}

static void note(uintptr_t address, weaken_operation operation, int order) {
    for (unsigned i = 0; i < place_count; i++)
        if (places[i].address == address && places[i].operation == operation)
            return;
    if (place_count == PLACES_MAX)
        explorer_fail("too many places");
    places[place_count++] = (place){address, operation, order};
}

static int weaker(int order) {
    const bool acquires = order == memory_order_acquire || order == memory_order_acq_rel ||
                          order == memory_order_seq_cst;
    const bool releases = order == memory_order_release || order == memory_order_acq_rel ||
                          order == memory_order_seq_cst;
    switch (weakened_part) {
    case TOTAL:
        return weakened_operation == WEAKEN_LOAD    ? memory_order_acquire
               : weakened_operation == WEAKEN_STORE ? memory_order_release
                                                    : memory_order_acq_rel;
    case ACQUIRE:
        return releases && weakened_operation != WEAKEN_LOAD ? memory_order_release
                                                             : memory_order_relaxed;
    case RELEASE:
        break;
    }
    return acquires && weakened_operation != WEAKEN_STORE ? memory_order_acquire
                                                          : memory_order_relaxed;
}

int weaken_order(const void *at, weaken_operation operation, int order) {
    if (!explorer_is_exploring() || order == memory_order_relaxed)
        return order;
    if (!weaken_wanted()) {
        note((uintptr_t)at, operation, order);
        return order;
    }
    if (operation == weakened_operation)
        for (unsigned i = 0; i < weakened_count; i++)
            if (weakened[i] == (uintptr_t)at) {
                reached = true;
                return weaker(order);
            }
    return order;
}

void weaken_print_places(void) {
    static const char *const orders[] = {"relaxed", "consume", "acquire",
                                         "release", "acq_rel", "seq_cst"};
    for (unsigned i = 0; i < place_count; i++)
        printf("place %jx %s %s\n", (uintmax_t)places[i].address, operations[places[i].operation],
               orders[places[i].order]);
}
