/* server: blocks outlive the threads that made them, as a server's connections do.
 *
 * Each lane serves a table of `slots` blocks: pick one at random, free it, allocate another in its place.
 * After 50,000 operations its thread ends, and a new one goes on with the table of the next lane, on another
 * processor: all blocks there were allocated by threads that have ended, half of the time on the other processor.
 * It is the pattern of Larson and Krishnan's server simulation ("Memory allocation for long-running
 * server applications", 1998) with a fixed amount of work instead of a fixed time, so that a run can be
 * compared with another, and with the tables changing hands.
 *
 * The paper's figures for a thread are some hundreds to 10,000 blocks of 10 to 500 bytes; 5,000 blocks of
 * random-mixed's sizes are 2.6 MB a lane, more than a level 2 cache. `churn` is about starting threads; here
 * a start is a thousandth of the work. */
#include "server.h"

#include "meeting.h"
#include "os/symbols_linux.h"
#include "platform.h"
#include "slots.h"
#include "team.h"

enum { BENCH_SERVER_OPS = 50000 /* of each thread */ };

typedef struct bench_server_lane {
    bench_slots slots;
    uint64_t ops; /* for the next thread to do */
    const char *error;
} bench_server_lane;

typedef struct bench_server_run {
    bench_meeting meeting;
    bench_server_lane *lanes;
} bench_server_run;

/* As bench_slots_run, but a slot is never left empty. */
static const char *bench_server_serve(bench_slots *slots, uint64_t ops) {
    const bench_allocator allocator = *slots->allocator;
    bench_block *const blocks = slots->blocks;
    bench_random random = slots->random;
    uint64_t checksum = slots->checksum;
    for (uint64_t i = 0; i < ops; i += 2) {
        const uint64_t draw = bench_random_next(&random);
        bench_block *block = &blocks[bench_random_upper(draw, slots->count)];
        if (block->start != NULL && !bench_block_give(block, &allocator))
            return BENCH_ERROR_CONTENTS;
        const size_t size = slots->size_min + bench_random_lower(draw, slots->size_span);
        if (!bench_block_take(block, &allocator, size, (uint32_t)draw))
            return BENCH_ERROR_MEMORY;
        checksum = bench_checksum_add(checksum, block);
    }
    slots->random = random;
    slots->checksum = checksum;
    return NULL;
}

static void *bench_server_main(void *argument) {
    bench_server_lane *lane = argument;
    lane->error = bench_server_serve(&lane->slots, lane->ops);
    return NULL;
}

static void bench_server_timed(bench_worker *worker) {
    bench_server_run *run = worker->shared;
    const unsigned threads = worker->params->threads;
    unsigned at = worker->index;
    bool open = true;
    while (open && worker->ops < worker->params->ops) {
        bench_server_lane *lane = &run->lanes[at];
        const uint64_t left = worker->params->ops - worker->ops;
        lane->ops = left < BENCH_SERVER_OPS ? left : BENCH_SERVER_OPS;
        pthread_t thread;
        if (pthread_create(&thread, NULL, bench_server_main, lane) != 0) {
            worker->error = "a thread could not be started";
        } else {
            pthread_join(thread, NULL);
            worker->error = lane->error;
        }
        worker->ops += lane->ops;
        at = (at + 1) % threads;
        open = bench_meeting_pass(&run->meeting, worker->error != NULL);
    }
    worker->checksum = run->lanes[worker->index].slots.checksum;
}

static void bench_server_drain(bench_worker *worker) {
    bench_server_run *run = worker->shared;
    const char *error = bench_slots_drain(&run->lanes[worker->index].slots);
    if (worker->error == NULL)
        worker->error = error;
}

bench_result bench_server(const bench_allocator *allocator, const bench_params *params) {
    const bench_job job = {.timed = bench_server_timed, .drain = bench_server_drain};
    const size_t lanes_bytes = params->threads * sizeof(bench_server_lane);
    const size_t table_bytes = params->slots * sizeof(bench_block);
    const size_t bytes = lanes_bytes + params->threads * table_bytes;
    unsigned char *pages = bench_pages_take(bytes);
    if (pages == NULL)
        return (bench_result){.error = BENCH_ERROR_BOOKKEEPING};
    bench_server_run run = {.lanes = (bench_server_lane *)(void *)pages};
    for (unsigned i = 0; i < params->threads; i++) {
        void *table = pages + lanes_bytes + i * table_bytes;
        run.lanes[i].slots = bench_slots_start(allocator, params, table, i);
    }
    bench_meeting_open(&run.meeting, params->threads);
    const bench_result result = bench_team_run(allocator, params, &job, &run);
    bench_meeting_close(&run.meeting);
    bench_pages_give(pages, bytes);
    return result;
}
