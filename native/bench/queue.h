/* A bounded queue of blocks from one thread to another that neither allocates nor sleeps.
 *
 * Each side publishes how far it is only every BENCH_QUEUE_GROUP blocks: the queue's own cache lines
 * then travel between the processors once a group, and what is left to measure is the allocator. */
#ifndef BENCH_QUEUE_H
#define BENCH_QUEUE_H

#include "block.h"

#include <stdatomic.h>

enum { BENCH_QUEUE_GROUP = 32 };

/* The writing side's fields, the reading side's, and those that never change, are each on cache
 * lines of their own; 128 bytes because x86 prefetches lines in pairs and Apple's are that long. */
typedef struct bench_queue {
    _Alignas(128) _Atomic(size_t) written; /* stored by the writer (release), read by the reader */
    size_t write_next;                     /* the writer's: beyond `written` by less than a group */
    size_t read_seen;                      /* the writer's copy of `read`, never ahead of it */
    _Alignas(128) _Atomic(size_t) read;    /* stored by the reader (release), read by the writer */
    size_t read_next;                      /* the reader's */
    size_t written_seen;                   /* the reader's copy of `written` */
    _Alignas(128) bench_block *blocks;
    size_t mask; /* capacity - 1; the capacity is a power of two and at least two groups */
} bench_queue;

/* By the writer: what it wrote becomes visible. The release pairs with bench_queue_front's acquire,
 * so that the reader sees the entries and the blocks' bytes. */
static inline void bench_queue_publish(bench_queue *queue) {
    atomic_store_explicit(&queue->written, queue->write_next, memory_order_release);
}

/* By the writer: the entry to fill in next, NULL while the queue is full. An entry is filled in and read in
 * place: copied as a whole it would be loaded wider than it was just stored, and wait for those stores.
 * The acquire pairs with the release in bench_queue_pop: the reader is done with the entry. */
static inline bench_block *bench_queue_back(bench_queue *queue) {
    if (queue->write_next - queue->read_seen > queue->mask) {
        queue->read_seen = atomic_load_explicit(&queue->read, memory_order_acquire);
        if (queue->write_next - queue->read_seen > queue->mask) {
            bench_queue_publish(
                queue); /* or both sides could wait for the other's rest of a group */
            return NULL;
        }
    }
    return &queue->blocks[queue->write_next & queue->mask];
}

static inline void bench_queue_push(bench_queue *queue) {
    if (++queue->write_next % BENCH_QUEUE_GROUP == 0)
        bench_queue_publish(queue);
}

/* By the reader: the oldest entry, NULL when the queue is empty. */
static inline bench_block *bench_queue_front(bench_queue *queue) {
    if (queue->read_next == queue->written_seen) {
        queue->written_seen = atomic_load_explicit(&queue->written, memory_order_acquire);
        if (queue->read_next == queue->written_seen) {
            atomic_store_explicit(&queue->read, queue->read_next, memory_order_release);
            return NULL;
        }
    }
    return &queue->blocks[queue->read_next & queue->mask];
}

/* By the reader: releases the oldest entry. */
static inline void bench_queue_pop(bench_queue *queue) {
    if (++queue->read_next % BENCH_QUEUE_GROUP == 0)
        atomic_store_explicit(&queue->read, queue->read_next, memory_order_release);
}

#endif
