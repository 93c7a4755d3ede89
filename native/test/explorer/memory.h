/* C11's atomic objects, operationally: each write is a message at the end of its location's list, with
 * the view that a reader gets by an acquire. A thread may read any message that its own view does not
 * rule out, so also one that others have overwritten. A read-modify-write reads the last one.
 *
 * Narrower than C11: the modification order of a location is the order of the writes in the execution;
 * no value comes out of thin air or from a write that is still to come (no load buffering). As in C11:
 * release sequences, fences, mixed orders, and seq_cst as one order of the seq_cst accesses. */
#ifndef EXPLORER_MEMORY_H
#define EXPLORER_MEMORY_H

#include "explorer.h"

void memory_begin(void);

typedef enum memory_change {
    MEMORY_EXCHANGE,
    MEMORY_ADD,
    MEMORY_SUB,
    MEMORY_AND,
    MEMORY_OR,
    MEMORY_XOR
} memory_change;

uint64_t memory_load(void *address, size_t size, int order, const void *place);
void memory_store(void *address, size_t size, uint64_t value, int order, const void *place);
uint64_t memory_change_by(void *address, size_t size, memory_change change, uint64_t operand,
                          int order, const void *place);
bool memory_compare_exchange(void *address, size_t size, uint64_t *expected, uint64_t desired,
                             int order, int failure, bool once, const void *place);
void memory_fence(int order, const void *place);

/* A plain access, before it is made. */
void memory_plain(void *address, size_t size, bool writes, const void *place);

/* A barrier that the system runs on every thread: the accesses of each thread before it are visible to all. */
void memory_barrier_everywhere(void);

/* Addresses that no access may touch from now on: a mapping that was given back. The running thread must know that each
 * access of another one comes before. */
void memory_forbid(const void *start, size_t bytes);

/* Addresses that the running thread has made usable: a thread that accesses them must know that. */
void memory_commit(const void *start, size_t bytes);

/* Number of messages of all locations: a thread that waits by reading again waits for a new one. */
unsigned memory_writes(void);

#endif
