/* A barrier where the threads of a workload wait for each other in the middle of its timed part. They sleep
 * there: a thread that spun would take the processor from those still at work. */
#ifndef BENCH_MEETING_H
#define BENCH_MEETING_H

#include <pthread.h>
#include <stdbool.h>

typedef struct bench_meeting {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned expected, arrived, round;
    bool failed; /* a thread has failed and will not come */
} bench_meeting;

static inline void bench_meeting_open(bench_meeting *meeting, unsigned expected) {
    *meeting = (bench_meeting){.expected = expected};
    pthread_mutex_init(&meeting->lock, NULL);
    pthread_cond_init(&meeting->changed, NULL);
}

static inline void bench_meeting_close(bench_meeting *meeting) {
    pthread_cond_destroy(&meeting->changed);
    pthread_mutex_destroy(&meeting->lock);
}

/* Waits for all other threads. False if one of them has failed, or if the caller passes `failed`. */
static inline bool bench_meeting_pass(bench_meeting *meeting, bool failed) {
    pthread_mutex_lock(&meeting->lock);
    const unsigned round = meeting->round;
    meeting->failed |= failed;
    if (++meeting->arrived == meeting->expected) {
        meeting->arrived = 0;
        meeting->round++;
    }
    if (meeting->round != round || failed)
        pthread_cond_broadcast(&meeting->changed);
    while (meeting->round == round && !meeting->failed)
        pthread_cond_wait(&meeting->changed, &meeting->lock);
    const bool open = !meeting->failed;
    pthread_mutex_unlock(&meeting->lock);
    return open;
}

#endif
