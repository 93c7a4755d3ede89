/* pthread_barrier, which macOS lacks. */
#ifndef TEST_BARRIER_H
#define TEST_BARRIER_H

#include <pthread.h>

typedef struct barrier {
    pthread_mutex_t mutex;
    pthread_cond_t turned;
    unsigned parties, waiting, round;
} barrier;

#define BARRIER(count)                                                                             \
    { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, count, 0, 0 }

static inline void barrier_wait(barrier *b) {
    pthread_mutex_lock(&b->mutex);
    const unsigned round = b->round;
    if (++b->waiting == b->parties) {
        b->waiting = 0;
        b->round++;
        pthread_cond_broadcast(&b->turned);
    }
    while (b->round == round)
        pthread_cond_wait(&b->turned, &b->mutex);
    pthread_mutex_unlock(&b->mutex);
}

#endif
