/* replay: a recording, call by call, with its threads.
 *
 * superslab bench replay reads the recording and writes the operations into a file (replay.h), which is read whole before
 * the timed part. So the workload's own memory, for that file and a table of the live blocks, is constant; it is reported
 * (`ownBytes`) and subtracted from the peak RSS.
 *
 * Each block is touched as by a program that uses its whole request: one byte in each 64 of a new block, and its last one,
 * are written; a realloc writes the new part; a free first reads the first and the last byte. Zeroed blocks are read at
 * both ends before.
 *
 * A recorded thread is a thread, started when its first call is due and ended after its last. A thread waits for another
 * thread's earlier operation on a block, and none runs more than two epochs of 4,096 calls (of all threads) ahead of
 * another: without that a thread that only allocates would end before one that frees has begun. A short recording is
 * replayed again until `ops` calls were made; live blocks are freed in between, which is not timed. Live and resident
 * bytes are noted 128 times in the first pass, with all threads at rest; that is not timed either. After the last pass
 * the process idles for `slots` milliseconds with its live blocks. */
#include "replay.h"

#include "block.h"
#include "platform.h"
#include "replay_file.h"

#include "os/symbols_linux.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { REPLAY_LINE = 64, REPLAY_SPINS = 200, REPLAY_APART = 128 };

typedef struct replay_block {
    unsigned char *start; /* NULL: none */
    size_t size;
} replay_block;

typedef struct replay_run replay_run;

/* On cache lines of its own. */
typedef struct replay_member {
    _Alignas(REPLAY_APART) _Atomic uint32_t
        done; /* operations, published where another thread waits for them */
    replay_run *run;
    const replay_operation *operations;
    uint32_t count, epoch;
    int64_t live; /* bytes: what it allocated less what it freed */
    uint64_t calls, checksum;
} replay_member;

struct replay_run {
    replay_file file;
    const bench_allocator *allocator;
    replay_block *blocks;
    replay_member *members;
    _Atomic uint32_t
        *remaining;            /* for each epoch, the number of threads that have not finished it */
    _Atomic uint32_t released; /* the last epoch that may run; written under the lock */
    _Atomic(const char *) error; /* makes all threads leave */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t epochs_done, sample_epochs; /* under the lock, like the next two */
    uint32_t threads_started, threads_ended;
    bench_series *series; /* NULL in later passes */
    uint64_t resident;    /* before the first block */
    uint64_t untimed;     /* nanoseconds */
    size_t own_bytes;
};

/* ---- blocks ---- */

static unsigned char tag_of(const replay_run *run, const replay_block *block) {
    const size_t slot = (size_t)(block - run->blocks);
    return (unsigned char)(slot * 167 + 1);
}

static void touch(replay_block *block, size_t from, unsigned char tag) {
    volatile unsigned char *byte = block->start;
    for (size_t at = (from + REPLAY_LINE - 1) & ~(size_t)(REPLAY_LINE - 1); at < block->size;
         at += REPLAY_LINE)
        byte[at] = tag;
    if (block->size != 0)
        byte[block->size - 1] = tag;
}

static bool intact(const replay_block *block, unsigned char tag) {
    const volatile unsigned char *byte = block->start;
    return byte == NULL || block->size == 0 || (byte[0] == tag && byte[block->size - 1] == tag);
}

static const char *take(replay_member *member, replay_block *block, void *start, size_t size,
                        bool is_zeroed) {
    if (start == NULL && size != 0)
        return BENCH_ERROR_MEMORY;
    *block = (replay_block){start, size};
    if (is_zeroed && !intact(block, 0))
        return BENCH_ERROR_CONTENTS;
    touch(block, 0, tag_of(member->run, block));
    member->live += (int64_t)size;
    return NULL;
}

static const char *resize(replay_member *member, replay_block *block, size_t size) {
    const unsigned char tag = tag_of(member->run, block);
    const size_t before = block->start != NULL ? block->size : 0;
    unsigned char *start = member->run->allocator->realloc(block->start, size);
    if (start == NULL)
        return BENCH_ERROR_MEMORY;
    *block = (replay_block){start, size};
    if (before != 0 && size != 0 && start[0] != tag)
        return BENCH_ERROR_CONTENTS;
    touch(block, before, tag);
    if (before == 0 && size != 0)
        start[0] = tag;
    member->live += (int64_t)size - (int64_t)before;
    return NULL;
}

static const char *give(replay_member *member, replay_block *block) {
    const bool is_intact = intact(block, tag_of(member->run, block));
    member->live -= (int64_t)block->size;
    member->run->allocator->free(block->start);
    *block = (replay_block){.start = NULL};
    return is_intact ? NULL : BENCH_ERROR_CONTENTS;
}

/* ---- the order of threads ---- */

static void fail(replay_run *run, const char *error) {
    const char *none = NULL;
    atomic_compare_exchange_strong(&run->error, &none, error);
    pthread_mutex_lock(&run->lock);
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
}

static bool failed(replay_run *run) {
    return atomic_load_explicit(&run->error, memory_order_relaxed) != NULL;
}

static void await(replay_run *run, uint32_t thread, uint32_t count) {
    /* Acquire: the other thread's accesses to the block, before it published its count, are visible. */
    for (unsigned spins = 0;
         atomic_load_explicit(&run->members[thread].done, memory_order_acquire) < count; spins++)
        if (spins < REPLAY_SPINS)
            bench_relax();
        else if (failed(run))
            return;
        else
            bench_yield();
}

/* With every thread at rest. */
static void note_sample(replay_run *run, uint64_t calls) {
    bench_series *series = run->series;
    if (series == NULL || series->count == BENCH_SAMPLES)
        return;
    const uint64_t before = bench_clock_nanoseconds();
    const uint64_t resident = bench_resident_bytes();
    int64_t live = 0;
    for (uint32_t i = 0; i < run->file.head->threads; i++)
        live += run->members[i].live;
    series->samples[series->count++] =
        (bench_sample){calls, live > 0 ? (uint64_t)live : 0,
                       resident > run->resident ? resident - run->resident : 0};
    run->untimed += bench_clock_nanoseconds() - before;
}

static void *member_main(void *argument);

/* With the lock held: threads whose first call may be made now. */
static void members_start(replay_run *run) {
    const uint32_t released = atomic_load_explicit(&run->released, memory_order_relaxed);
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (uint32_t next; (next = run->threads_started) < run->file.head->threads &&
                        run->file.threads[next].first_epoch <= released && !failed(run);) {
        pthread_t thread;
        run->threads_started++;
        if (pthread_create(&thread, &detached, member_main, &run->members[next]) != 0) {
            const char *none = NULL;
            run->threads_ended++;
            atomic_compare_exchange_strong(&run->error, &none, "a thread could not be started");
        }
    }
    pthread_attr_destroy(&detached);
}

/* With the lock held. Up to the next sample no epoch is released, so that all threads rest when it is taken. */
static void advance(replay_run *run) {
    const uint32_t epochs = run->file.head->epochs, step = run->sample_epochs;
    uint32_t done = run->epochs_done;
    while (done < epochs &&
           /* Acquire: with the last of them come the sums of all of its threads. */
           atomic_load_explicit(&run->remaining[done], memory_order_acquire) == 0)
        if (++done % step == 0)
            note_sample(run, (uint64_t)done * (replay_calls(&run->file) / epochs));
    run->epochs_done = done;
    const uint32_t last = (done / step + 1) * step - 1;
    atomic_store_explicit(&run->released, done + 1 < last ? done + 1 : last, memory_order_release);
    members_start(run);
    pthread_cond_broadcast(&run->changed);
}

static void epoch_leave(replay_run *run, uint32_t epoch) {
    if (atomic_fetch_sub_explicit(&run->remaining[epoch], 1, memory_order_acq_rel) != 1)
        return;
    pthread_mutex_lock(&run->lock);
    advance(run);
    pthread_mutex_unlock(&run->lock);
}

static void epoch_enter(replay_member *member, uint32_t epoch) {
    replay_run *run = member->run;
    epoch_leave(run, member->epoch);
    member->epoch = epoch;
    for (unsigned spins = 0; spins < REPLAY_SPINS; spins++) {
        if (atomic_load_explicit(&run->released, memory_order_acquire) >= epoch)
            return;
        bench_relax();
    }
    pthread_mutex_lock(&run->lock);
    while (atomic_load_explicit(&run->released, memory_order_relaxed) < epoch && !failed(run))
        pthread_cond_wait(&run->changed, &run->lock);
    pthread_mutex_unlock(&run->lock);
}

/* ---- a thread ---- */

static const char *step(replay_member *member, const replay_operation *operation) {
    const bench_allocator *allocator = member->run->allocator;
    const uint32_t slot = operation->word >> REPLAY_SLOT_SHIFT;
    const size_t size = operation->operand;
    replay_block *block = &member->run->blocks[slot];
    switch ((replay_what)(operation->word & REPLAY_WHAT)) {
    case REPLAY_MALLOC:
        return take(member, block, allocator->malloc(size), size, false);
    case REPLAY_CALLOC:
        return take(member, block, allocator->calloc(1, size), size, true);
    case REPLAY_ALIGNED:
        return take(member, block,
                    allocator->aligned_alloc((size_t)1 << operation[-1].operand, size), size,
                    false);
    case REPLAY_REALLOC:
        return resize(member, block, size);
    case REPLAY_FREE:
        return give(member, block);
    case REPLAY_WAIT:
        await(member->run, slot, operation->operand);
        return NULL;
    case REPLAY_EPOCH:
        epoch_enter(member, operation->operand);
        return NULL;
    case REPLAY_ALIGNMENT:
        return NULL;
    }
    return NULL;
}

static void operations_run(replay_member *member, uint32_t from, uint32_t to) {
    replay_run *run = member->run;
    uint64_t checksum = member->checksum, calls = 0;
    for (uint32_t i = from; i < to; i++) {
        const replay_operation *operation = &member->operations[i];
        const char *error = step(member, operation);
        if (error != NULL)
            fail(run, error);
        const bool is_call = (operation->word & REPLAY_WHAT) <= REPLAY_FREE;
        calls += is_call;
        if (is_call)
            checksum = ((checksum << 1) | (checksum >> 63)) + operation->operand;
        if (operation->word & REPLAY_TOLD)
            atomic_store_explicit(&member->done, i + 1, memory_order_release);
        if (error != NULL || ((operation->word & REPLAY_WHAT) >= REPLAY_WAIT && failed(run)))
            break;
    }
    member->checksum = checksum;
    member->calls += calls;
}

static void *member_main(void *argument) {
    replay_member *member = argument;
    replay_run *run = member->run;
    operations_run(member, 0, member->count);
    epoch_leave(run, member->epoch);
    pthread_mutex_lock(&run->lock);
    run->threads_ended++;
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
    return NULL;
}

/* ---- a pass ---- */

static void alone_run(replay_run *run) {
    replay_member *member = run->members;
    const uint64_t count = member->count;
    uint32_t from = 0;
    for (uint64_t sample = 1; sample <= BENCH_SAMPLES && !failed(run); sample++) {
        const uint32_t to = (uint32_t)(count * sample / BENCH_SAMPLES);
        operations_run(member, from, to);
        note_sample(run, member->calls);
        from = to;
    }
}

static void several_run(replay_run *run) {
    pthread_mutex_lock(&run->lock);
    advance(run);
    while ((run->threads_started < run->file.head->threads && !failed(run)) ||
           run->threads_ended < run->threads_started)
        pthread_cond_wait(&run->changed, &run->lock);
    pthread_mutex_unlock(&run->lock);
}

static void members_reset(replay_run *run) {
    const replay_operation *operations = run->file.operations;
    const uint32_t epochs = run->file.head->epochs;
    for (uint32_t i = 0; i < run->file.head->threads; i++) {
        const replay_thread_head *head = &run->file.threads[i];
        const uint64_t calls = run->members[i].calls, checksum = run->members[i].checksum;
        run->members[i] = (replay_member){.run = run,
                                          .operations = operations,
                                          .count = head->count,
                                          .epoch = head->first_epoch,
                                          .calls = calls,
                                          .checksum = checksum};
        operations += head->count;
    }
    for (uint32_t i = 0; i < epochs; i++)
        atomic_store_explicit(&run->remaining[i], run->file.epochs[i], memory_order_relaxed);
    run->epochs_done = run->threads_started = run->threads_ended = 0;
    run->sample_epochs = epochs / BENCH_SAMPLES + 1;
}

/* Live blocks at the end, which a program leaves to the system. */
static void blocks_drain(replay_run *run) {
    for (uint32_t slot = 0; slot < run->file.head->slots; slot++)
        if (run->blocks[slot].start != NULL) {
            const char *error = give(run->members, &run->blocks[slot]);
            if (error != NULL)
                fail(run, error);
        }
}

static uint64_t pass(replay_run *run) {
    members_reset(run);
    run->untimed = 0;
    const uint64_t began = bench_clock_nanoseconds();
    if (run->file.head->threads == 1)
        alone_run(run);
    else
        several_run(run);
    const uint64_t ended = bench_clock_nanoseconds();
    return ended - began - run->untimed;
}

/* ---- the workload ---- */

static size_t rounded(size_t bytes) {
    return (bytes + REPLAY_APART - 1) & ~(size_t)(REPLAY_APART - 1);
}

/* One piece of memory for all tables but the file. */
static void *tables_take(replay_run *run) {
    const replay_head *head = run->file.head;
    const size_t members = rounded(sizeof(replay_member) * head->threads);
    const size_t remaining = rounded(sizeof(uint32_t) * head->epochs);
    const size_t bytes = members + remaining + sizeof(replay_block) * head->slots;
    unsigned char *pages = bench_pages_take(bytes);
    if (pages == NULL)
        return NULL;
    run->members = (replay_member *)(void *)pages;
    run->remaining = (_Atomic uint32_t *)(void *)(pages + members);
    run->blocks = (replay_block *)(void *)(pages + members + remaining);
    run->own_bytes = bytes + run->file.bytes;
    return pages;
}

static void passes_run(replay_run *run, uint64_t calls_least, bench_result *result) {
    uint64_t nanoseconds = 0;
    run->series = &result->series;
    run->resident = bench_resident_bytes();
    do {
        const uint64_t before = result->ops;
        blocks_drain(run);
        nanoseconds += pass(run);
        run->series = NULL;
        result->ops = result->checksum = 0;
        for (uint32_t i = 0; i < run->file.head->threads; i++) {
            result->ops += run->members[i].calls;
            result->checksum += run->members[i].checksum;
        }
        if (result->ops == before)
            break; /* a recording without a call */
    } while (result->ops < calls_least && !failed(run));
    result->seconds = (double)(nanoseconds != 0 ? nanoseconds : 1) * 1e-9;
}

bench_result bench_replay(const bench_allocator *allocator, const bench_params *params) {
    bench_result result = {.ops = 0};
    replay_run run = {.allocator = allocator};
    result.error = replay_file_open(params->file, &run.file);
    if (result.error != NULL)
        return result;
    void *tables = tables_take(&run);
    if (tables == NULL) {
        replay_file_close(&run.file);
        return (bench_result){.error = BENCH_ERROR_BOOKKEEPING};
    }
    pthread_mutex_init(&run.lock, NULL);
    pthread_cond_init(&run.changed, NULL);
    passes_run(&run, params->ops, &result);
    bench_idle((unsigned)params->slots);
    blocks_drain(&run);
    result.error = run.error;
    result.memory.own = run.own_bytes;
    pthread_cond_destroy(&run.changed);
    pthread_mutex_destroy(&run.lock);
    bench_pages_give(tables, run.own_bytes - run.file.bytes);
    replay_file_close(&run.file);
    return result;
}
