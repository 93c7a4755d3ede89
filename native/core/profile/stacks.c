#include "profile/stacks.h"

#include "base/process.h"

#include <string.h>

#define NODES_MOST 163840u
#define HEADS 32768u

/* A frame, below that which called it. */
typedef struct node {
    uint64_t address;
    uint32_t caller; /* 0: none */
    uint32_t next;   /* of the same hash; 0: none */
} node;

typedef struct stacks_memory {
    node nodes[NODES_MOST]; /* the first one stays unused */
    uint32_t node_heads[HEADS];
    ss_stack_record stacks[SS_STACKS_MOST];
    uint32_t stack_heads[SS_STACKS_MOST];
} stacks_memory;
_Static_assert(sizeof(stacks_memory) < 3686 << 10,
               "with the labels and the other tables below 4 MiB");

static stacks_memory *memory;
static uint32_t node_count, stack_count;

/* The last stack that was looked for, from the outermost frame on, and its nodes: the outer part of the next one is mostly
 * the same. */
static uintptr_t last_frames[SS_STACK_FRAMES];
static uint32_t last_nodes[SS_STACK_FRAMES], last_count;

/* They outlive a profile, because the program keeps their numbers. */
static SS_SPARSE char label_texts[SS_LABELS_MOST][SS_LABEL_BYTES];
static uint32_t label_count;

static size_t memory_bytes(void) {
    const size_t page = ss_os_page_bytes();
    return (sizeof(stacks_memory) + page - 1) & ~(page - 1);
}

bool ss_stacks_begin(void) {
    if (memory != NULL) {
        ss_os_purge(memory, memory_bytes());
        memset(memory->node_heads, 0, sizeof memory->node_heads);
        memset(memory->stack_heads, 0, sizeof memory->stack_heads);
    } else {
        void *place = ss_os_reserve(memory_bytes(), ss_os_page_bytes());
        if (place == NULL)
            return false;
        if (!ss_os_commit(place, memory_bytes())) {
            ss_os_release(place, memory_bytes());
            return false;
        }
        memory = place;
        ss_count_metadata(memory_bytes());
        ss_count_reserved(memory_bytes());
    }
    node_count = 1;
    stack_count = 0;
    last_count = 0;
    return true;
}

static uint32_t hash(uint64_t a, uint64_t b) {
    uint64_t mixed = (a ^ b << 40 ^ b >> 24) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)((mixed ^ mixed >> 29) >> 16);
}

/* 0 without room. */
static uint32_t node_find(uint64_t address, uint32_t caller) {
    uint32_t *head = &memory->node_heads[hash(address, caller) % HEADS];
    for (uint32_t at = *head; at != 0; at = memory->nodes[at].next)
        if (memory->nodes[at].address == address && memory->nodes[at].caller == caller)
            return at;
    if (node_count == NODES_MOST)
        return 0;
    memory->nodes[node_count] = (node){address, caller, *head};
    return *head = node_count++;
}

/* The node of the innermost frame; 0 without room. */
static uint32_t nodes_find(const uintptr_t *frames, uint32_t count) {
    uint32_t done = 0;
    while (done < count && done < last_count && frames[count - 1 - done] == last_frames[done])
        done++;
    uint32_t at = done == 0 ? 0 : last_nodes[done - 1];
    for (; done < count; done++) {
        at = node_find(frames[count - 1 - done], at);
        if (at == 0)
            break;
        last_frames[done] = frames[count - 1 - done];
        last_nodes[done] = at;
    }
    last_count = done;
    return at;
}

uint32_t ss_stack_find(const uintptr_t *frames, uint32_t count, uint32_t label, uint32_t epoch) {
    const uint32_t last = nodes_find(frames, count);
    if (last == 0 && count != 0)
        return SS_NO_STACK;
    uint32_t *head =
        &memory->stack_heads[hash(last, (uint64_t)label << 32 | epoch) % SS_STACKS_MOST];
    for (uint32_t at = *head; at != 0; at = memory->stacks[at - 1].next) {
        const ss_stack_record *one = &memory->stacks[at - 1];
        if (one->node == last && one->label == label && one->epoch == epoch)
            return at - 1;
    }
    if (stack_count == SS_STACKS_MOST)
        return SS_NO_STACK;
    memory->stacks[stack_count] =
        (ss_stack_record){.node = last, .label = label, .epoch = epoch, .next = *head};
    *head = ++stack_count;
    return stack_count - 1;
}

ss_stack_record *ss_stack_at(uint32_t stack) {
    return &memory->stacks[stack];
}

uint32_t ss_stacks_count(void) {
    return stack_count;
}

uint32_t ss_stack_frames(uint32_t stack, uintptr_t frames[SS_STACK_FRAMES]) {
    uint32_t count = 0;
    for (uint32_t at = memory->stacks[stack].node; at != 0 && count < SS_STACK_FRAMES;
         at = memory->nodes[at].caller)
        frames[count++] = (uintptr_t)memory->nodes[at].address;
    return count;
}

/* ---- labels ---- */

uint32_t ss_label_find(const char *text) {
    char label[SS_LABEL_BYTES] = {0};
    for (unsigned i = 0; i < SS_LABEL_BYTES - 1 && text[i] != '\0'; i++) {
        label[i] = text[i];
        if ((unsigned char)text[i] < ' ' || text[i] == 127)
            label[i] = '?';
    }
    for (uint32_t i = 0; i < label_count; i++)
        if (memcmp(label_texts[i], label, sizeof label) == 0)
            return i + 1;
    if (label_count == SS_LABELS_MOST)
        return 0;
    memcpy(label_texts[label_count], label, sizeof label);
    return ++label_count;
}

const char *ss_label_text(uint32_t label) {
    return label_texts[label - 1];
}

uint32_t ss_labels_count(void) {
    return label_count;
}
