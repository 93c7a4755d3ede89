/* One table of slots for all threads: any thread frees the blocks of any other.
 *
 * Each step draws a slot and a coin. Heads: allocate a block and put it into the slot. Tails: empty the
 * slot. In both cases the slot's old block is freed. The coin decides about the allocation, not whether
 * the slot is occupied, so every thread's sequence of sizes depends only on the seed; only which thread
 * frees a block depends on time. About half of the slots are occupied.
 *
 * A slot is one pointer, changed by one atomic exchange, hence size and tag of a block stand in its
 * first bytes. */
#include "shared_slots.h"

#include "block.h"
#include "platform.h"
#include "random.h"
#include "team.h"

#include <stdatomic.h>
#include <string.h>

typedef _Atomic(unsigned char *) bench_shared_slot;

typedef struct bench_note {
    uint32_t size;
    uint32_t tag;
} bench_note;

_Static_assert(sizeof(bench_note) < BENCH_SHARED_SLOTS_SIZE_FLOOR,
               "the tag in the last byte must not lie inside the note");

static unsigned char *bench_note_take(const bench_allocator *allocator, size_t size, uint32_t tag) {
    unsigned char *start = allocator->malloc(size);
    if (start == NULL)
        return NULL;
    const bench_note note = {(uint32_t)size, tag};
    memcpy(start, &note, sizeof note);
    start[size - 1] = (unsigned char)tag;
    return start;
}

/* False when the contents had changed, also when the size is outside this run's range. */
static bool bench_note_give(unsigned char *start, const bench_allocator *allocator,
                            const bench_params *params) {
    bench_note note;
    memcpy(&note, start, sizeof note);
    const bool intact = note.size >= params->size_min && note.size <= params->size_max &&
                        start[note.size - 1] == (unsigned char)note.tag;
    allocator->free(start);
    return intact;
}

static void bench_shared_slots_timed(bench_worker *worker) {
    const bench_allocator allocator = *worker->allocator;
    const bench_params params = *worker->params;
    const size_t size_span = params.size_max - params.size_min + 1;
    bench_shared_slot *const slots = worker->shared;
    bench_random random = bench_random_start(params.seed, worker->index);
    uint64_t done = 0, checksum = 0;
    for (uint64_t i = 0; i < params.ops; i++) {
        const uint64_t draw = bench_random_next(&random);
        unsigned char *block = NULL;
        if ((draw & 1) != 0) {
            const size_t size = params.size_min + bench_random_lower(draw, size_span);
            block = bench_note_take(&allocator, size, (uint32_t)draw);
            if (block == NULL) {
                worker->error = BENCH_ERROR_MEMORY;
                break;
            }
            checksum = ((checksum << 1) | (checksum >> 63)) + size;
            done++;
        }
        /* Release, so that the thread that takes the block out sees its bytes; acquire, for the bytes of
         * the one that comes out. */
        bench_shared_slot *slot = &slots[bench_random_upper(draw, params.slots)];
        block = atomic_exchange_explicit(slot, block, memory_order_acq_rel);
        if (block == NULL)
            continue;
        done++;
        if (!bench_note_give(block, &allocator, &params)) {
            worker->error = BENCH_ERROR_CONTENTS;
            break;
        }
    }
    worker->ops = done;
    worker->checksum = checksum;
}

bench_result bench_shared_slots(const bench_allocator *allocator, const bench_params *params) {
    const size_t bytes = params->slots * sizeof(bench_shared_slot);
    bench_shared_slot *slots = bench_pages_take(bytes);
    if (slots == NULL)
        return (bench_result){.error = BENCH_ERROR_BOOKKEEPING};
    const bench_job job = {.timed = bench_shared_slots_timed};
    bench_result result = bench_team_run(allocator, params, &job, slots);
    for (size_t i = 0; i < params->slots; i++) {
        unsigned char *block = atomic_load_explicit(&slots[i], memory_order_relaxed); /* joined */
        if (block != NULL && !bench_note_give(block, allocator, params) && result.error == NULL)
            result.error = BENCH_ERROR_CONTENTS;
    }
    bench_pages_give(slots, bytes);
    return result;
}
