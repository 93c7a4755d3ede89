/* records: the locality of blocks that are allocated and used together.
 *
 * The program keeps `slots` records of eight blocks of random sizes each, a list through their first bytes,
 * as a parsed document or a row with its fields is. Each step frees one record and makes another in its
 * place, and then reads all of sixteen random ones: each block's first and last byte. So eight times as many
 * blocks are read as are allocated or freed. This mainly measures the places that the allocator chooses: the
 * number of cache lines and pages that a record is spread over, and the gaps between its blocks.
 *
 * 1,280 records of 4.3 KB are ten times a level 2 cache of 512 KiB, and more than a level 1 TLB reaches. */
#include "records.h"

#include "block.h"
#include "random.h"
#include "team.h"

enum { BENCH_RECORD_BLOCKS = 8, BENCH_RECORD_LOOKUPS = 16 };

typedef struct bench_part {
    struct bench_part *next;
    uint32_t size;
    uint32_t tag;
} bench_part;

_Static_assert(sizeof(bench_part) < BENCH_RECORDS_SIZE_FLOOR, "the last byte is after the note");

static unsigned char *last_byte(bench_part *part) {
    return (unsigned char *)part + part->size - 1;
}

static bool part_intact(bench_part *part) {
    return *last_byte(part) == (unsigned char)part->tag;
}

static bench_part *record_make(const bench_allocator *allocator, const bench_params *params,
                               bench_random *random, uint64_t *checksum) {
    const size_t span = params->size_max - params->size_min + 1;
    bench_part *first = NULL, **end = &first;
    for (unsigned i = 0; i < BENCH_RECORD_BLOCKS; i++) {
        const uint64_t draw = bench_random_next(random);
        const size_t size = params->size_min + bench_random_lower(draw, span);
        bench_part *part = allocator->malloc(size);
        if (part == NULL)
            return first;
        *part = (bench_part){NULL, (uint32_t)size, (uint32_t)(draw >> 32)};
        *last_byte(part) = (unsigned char)part->tag;
        *checksum = ((*checksum << 1) | (*checksum >> 63)) + size + (draw >> 32 << 32);
        *end = part;
        end = &part->next;
    }
    return first;
}

static bool record_free(bench_part *part, const bench_allocator *allocator) {
    bool intact = true;
    while (part != NULL) {
        bench_part *next = part->next;
        intact &= part_intact(part);
        allocator->free(part);
        part = next;
    }
    return intact;
}

/* Number of its blocks with intact contents. */
static unsigned record_read(bench_part *part) {
    unsigned intact = 0;
    for (; part != NULL; part = part->next)
        intact += part_intact(part);
    return intact;
}

static const char *record_lookups(bench_part *const *records, size_t slots, bench_random *random) {
    for (unsigned i = 0; i < BENCH_RECORD_LOOKUPS; i++) {
        bench_part *record = records[bench_random_upper(bench_random_next(random), slots)];
        if (record != NULL && record_read(record) != BENCH_RECORD_BLOCKS)
            return BENCH_ERROR_CONTENTS;
    }
    return NULL;
}

static void bench_records_timed(bench_worker *worker) {
    const bench_allocator allocator = *worker->allocator;
    const bench_params params = *worker->params;
    bench_part **records = worker->memory;
    bench_random random = bench_random_start(params.seed, worker->index);
    size_t filled = 0;
    while (worker->ops < params.ops && worker->error == NULL) {
        const size_t draw = bench_random_upper(bench_random_next(&random), params.slots);
        /* At first all places in turn: a random choice would leave some empty for long. */
        bench_part **record = &records[filled < params.slots ? filled++ : draw];
        if (*record != NULL) {
            if (!record_free(*record, &allocator))
                worker->error = BENCH_ERROR_CONTENTS;
            worker->ops += BENCH_RECORD_BLOCKS;
        }
        *record = record_make(&allocator, &params, &random, &worker->checksum);
        worker->ops += BENCH_RECORD_BLOCKS;
        const char *error = *record != NULL && record_read(*record) == BENCH_RECORD_BLOCKS
                                ? record_lookups(records, params.slots, &random)
                                : BENCH_ERROR_MEMORY;
        if (worker->error == NULL)
            worker->error = error;
    }
}

static void bench_records_drain(bench_worker *worker) {
    bench_part **records = worker->memory;
    for (size_t i = 0; i < worker->params->slots; i++)
        if (!record_free(records[i], worker->allocator) && worker->error == NULL)
            worker->error = BENCH_ERROR_CONTENTS;
}

bench_result bench_records(const bench_allocator *allocator, const bench_params *params) {
    const bench_job job = {
        .memory_bytes = params->slots * sizeof(bench_part *),
        .timed = bench_records_timed,
        .drain = bench_records_drain,
    };
    return bench_team_run(allocator, params, &job, NULL);
}
