/* Threads that sleep on a condition variable until all of them are woken. */
#ifndef TEST_SLEEPERS_H
#define TEST_SLEEPERS_H

#include <pthread.h>

typedef struct sleepers {
    pthread_mutex_t mutex;
    pthread_cond_t turned;
    unsigned asleep, round;
} sleepers;

#define SLEEPERS_NONE                                                                              \
    { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 }

/* Until they have been woken `round` times; of 0 it only counts the thread in. */
static inline void sleepers_sleep(sleepers *self, unsigned round) {
    pthread_mutex_lock(&self->mutex);
    self->asleep++;
    pthread_cond_broadcast(&self->turned);
    while (self->round < round)
        pthread_cond_wait(&self->turned, &self->mutex);
    pthread_mutex_unlock(&self->mutex);
}

/* Until `count` of them are counted in. */
static inline void sleepers_await(sleepers *self, unsigned count) {
    pthread_mutex_lock(&self->mutex);
    while (self->asleep < count)
        pthread_cond_wait(&self->turned, &self->mutex);
    pthread_mutex_unlock(&self->mutex);
}

static inline void sleepers_wake(sleepers *self) {
    pthread_mutex_lock(&self->mutex);
    self->asleep = 0;
    self->round++;
    pthread_cond_broadcast(&self->turned);
    pthread_mutex_unlock(&self->mutex);
}

#endif
