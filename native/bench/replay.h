/* replay: the allocations of a program, from superslab run --record or another program's trace; see replay.c. */
#ifndef BENCH_REPLAY_H
#define BENCH_REPLAY_H

#include "workload.h"

/* lib/cli/recording/file.ts writes the file: words of 32 bits in this machine's order, a head, the table of threads, the
 * table of epochs, and each thread's operations. */
#define REPLAY_MAGIC UINT32_C(0x59414c50)
#define REPLAY_VERSION 1u

typedef struct replay_head {
    uint32_t magic, version, threads, slots, epochs, unused;
    uint32_t calls_low, calls_high; /* allocations and frees of all threads */
} replay_head;

typedef struct replay_thread_head {
    uint32_t count;       /* operations */
    uint32_t first_epoch; /* the thread starts with this epoch */
    uint32_t unused[6];
} replay_thread_head;

/* Of an operation: `what` in the lowest three bits, whether another thread waits for it, and a slot above. */
typedef enum replay_what {
    REPLAY_MALLOC,
    REPLAY_CALLOC,
    REPLAY_REALLOC,
    REPLAY_ALIGNED, /* by the alignment in the operation before */
    REPLAY_FREE,
    REPLAY_WAIT, /* until the thread in the slot's place has done as many operations as `operand` says */
    REPLAY_EPOCH,    /* the number of the epoch that begins for this thread */
    REPLAY_ALIGNMENT /* log2 */
} replay_what;
#define REPLAY_WHAT 7u
#define REPLAY_TOLD 8u
#define REPLAY_SLOT_SHIFT 4

typedef struct replay_operation {
    uint32_t word, operand;
} replay_operation;

bench_result bench_replay(const bench_allocator *allocator, const bench_params *params);

#endif
