/* A bounded queue of pointers from one thread to one other. Waits by yielding. */
#ifndef TEST_QUEUE_H
#define TEST_QUEUE_H

#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

enum { QUEUE_COUNT = 256 };

typedef struct queue {
    _Alignas(64) atomic_size_t head; /* taken so far; written by the taker */
    _Alignas(64) atomic_size_t tail; /* put so far; written by the putter */
    void *items[QUEUE_COUNT];
} queue;

static inline void queue_put(queue *q, void *item) {
    const size_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
    while (tail - atomic_load_explicit(&q->head, memory_order_acquire) == QUEUE_COUNT)
        sched_yield();
    q->items[tail % QUEUE_COUNT] = item;
    atomic_store_explicit(&q->tail, tail + 1, memory_order_release);
}

static inline void *queue_take(queue *q) {
    const size_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
    while (atomic_load_explicit(&q->tail, memory_order_acquire) == head)
        sched_yield();
    void *item = q->items[head % QUEUE_COUNT];
    atomic_store_explicit(&q->head, head + 1, memory_order_release);
    return item;
}

#endif
