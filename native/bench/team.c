#include "team.h"

#include "block.h"
#include "os/symbols_linux.h"
#include "platform.h"

#include <pthread.h>

enum { BENCH_CACHE_LINE_BYTES = 128 /* Apple's; twice x86's, whose prefetcher fetches pairs */ };

/* All threads meet here twice: before the timed part and after it. macOS has no pthread_barrier. A
 * finished thread sleeps here, because spinning would take time from those still measuring. */
typedef struct bench_gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned expected, arrived;
    unsigned round;
    unsigned left;   /* members that have finished */
    bool called_off; /* a thread could not be started: the others leave at once */
} bench_gate;

typedef struct bench_member {
    bench_worker worker;
    const bench_job *job;
    bench_gate *gate; /* NULL when alone */
    pthread_t thread;
} bench_member;

/* Returns false when the run is called off. */
static bool bench_gate_pass(bench_gate *gate) {
    if (gate == NULL)
        return true;
    pthread_mutex_lock(&gate->lock);
    const unsigned round = gate->round;
    if (++gate->arrived == gate->expected) {
        gate->arrived = 0;
        gate->round++;
        pthread_cond_broadcast(&gate->changed);
    }
    while (gate->round == round && !gate->called_off)
        pthread_cond_wait(&gate->changed, &gate->lock);
    const bool open = !gate->called_off;
    pthread_mutex_unlock(&gate->lock);
    return open;
}

static void bench_gate_call_off(bench_gate *gate) {
    pthread_mutex_lock(&gate->lock);
    gate->called_off = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static void bench_gate_leave(bench_gate *gate) {
    pthread_mutex_lock(&gate->lock);
    gate->left++;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static void bench_gate_wait_left(bench_gate *gate, unsigned count) {
    pthread_mutex_lock(&gate->lock);
    while (gate->left < count)
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static void bench_member_run(bench_member *member) {
    bench_worker *worker = &member->worker;
    const bool markers = worker->params->markers;
    /* Without this the scheduler decides whether two threads compete: on one processor they take turns and
     * hardly ever want the same lock in the same moment, on two they do, and the difference is up to
     * tenfold. */
    if (member->gate != NULL)
        bench_thread_pin(worker->index);
    if (!bench_gate_pass(member->gate))
        return;
    if (markers)
        bench_marker("superslab-bench begin\n");
    worker->started = bench_clock_nanoseconds();
    member->job->timed(worker);
    worker->ended = bench_clock_nanoseconds();
    if (markers)
        bench_marker("superslab-bench end\n");
    bench_gate_pass(member->gate);
    if (member->job->drain != NULL)
        member->job->drain(worker);
}

static void *bench_member_main(void *member) {
    bench_member_run(member);
    return NULL;
}

static void bench_member_main_borrowed(void *argument) {
    bench_member *member = argument;
    bench_member_run(member);
    bench_gate_leave(member->gate);
}

static bool bench_member_start(bench_member *member) {
    const bench_params *params = member->worker.params;
    return params->start != NULL
               ? params->start(params->start_context, bench_member_main_borrowed, member)
               : pthread_create(&member->thread, NULL, bench_member_main, member) == 0;
}

static void bench_members_join(const bench_member *members, unsigned count, bench_gate *gate) {
    if (members[0].worker.params->start != NULL) {
        bench_gate_wait_left(gate, count);
        return;
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(members[i].thread, NULL);
}

static const char *bench_members_run(bench_member *members, unsigned count) {
    if (count == 1 && members[0].worker.params->start == NULL) {
        bench_member_run(&members[0]);
        return NULL;
    }
    bench_gate gate = {.expected = count};
    pthread_mutex_init(&gate.lock, NULL);
    pthread_cond_init(&gate.changed, NULL);
    const char *error = NULL;
    unsigned started = 0;
    for (; started < count; started++) {
        members[started].gate = &gate;
        if (!bench_member_start(&members[started])) {
            error = "a thread could not be started";
            bench_gate_call_off(&gate);
            break;
        }
    }
    bench_members_join(members, started, &gate);
    pthread_cond_destroy(&gate.changed);
    pthread_mutex_destroy(&gate.lock);
    return error;
}

/* Each worker fills in its figures; the largest of each counts. */
static void bench_memory_add(bench_memory *sum, const bench_memory *seen) {
    sum->peak_live = seen->peak_live > sum->peak_live ? seen->peak_live : sum->peak_live;
    sum->live = seen->live > sum->live ? seen->live : sum->live;
    sum->idle_rss = seen->idle_rss > sum->idle_rss ? seen->idle_rss : sum->idle_rss;
    sum->freed_rss = seen->freed_rss > sum->freed_rss ? seen->freed_rss : sum->freed_rss;
    sum->peak_rss = seen->peak_rss > sum->peak_rss ? seen->peak_rss : sum->peak_rss;
}

static bench_result bench_members_sum(const bench_member *members, unsigned count) {
    bench_result result = {.series = members[0].worker.series,
                           .latency = members[0].worker.latency};
    uint64_t started = UINT64_MAX, ended = 0;
    for (unsigned i = 0; i < count; i++) {
        const bench_worker *worker = &members[i].worker;
        bench_memory_add(&result.memory, &worker->seen);
        started = worker->started < started ? worker->started : started;
        ended = worker->ended > ended ? worker->ended : ended;
        result.ops += worker->ops;
        result.checksum += worker->checksum;
        if (result.error == NULL)
            result.error = worker->error;
    }
    result.seconds = (double)(ended - started) * 1e-9;
    return result;
}

static size_t bench_round_up(size_t bytes) {
    return (bytes + BENCH_CACHE_LINE_BYTES - 1) & ~(size_t)(BENCH_CACHE_LINE_BYTES - 1);
}

bench_result bench_team_run(const bench_allocator *allocator, const bench_params *params,
                            const bench_job *job, void *shared) {
    const unsigned count = params->threads;
    const size_t member_bytes = bench_round_up(sizeof(bench_member) * count);
    const size_t memory_bytes = bench_round_up(job->memory_bytes);
    const size_t bytes = member_bytes + memory_bytes * count;
    unsigned char *pages = bench_pages_take(bytes);
    if (pages == NULL)
        return (bench_result){.error = BENCH_ERROR_BOOKKEEPING};

    bench_member *members = (bench_member *)(void *)pages;
    for (unsigned i = 0; i < count; i++) {
        members[i].job = job;
        members[i].worker.allocator = allocator;
        members[i].worker.params = params;
        members[i].worker.index = i;
        members[i].worker.memory = pages + member_bytes + memory_bytes * i;
        members[i].worker.shared = shared;
    }
    const char *error = bench_members_run(members, count);
    bench_result result = bench_members_sum(members, count);
    if (error != NULL)
        result = (bench_result){.error = error};
    bench_pages_give(pages, bytes);
    return result;
}
