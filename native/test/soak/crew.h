/* The threads of the soak, by their work. All of them work until the round is over. */
#ifndef SOAK_CREW_H
#define SOAK_CREW_H

#include <stdbool.h>
#include <stdint.h>

/* Before the first round and after the last one, while no thread works. */
void crew_start(uint64_t seed);
void crew_end(void);

/* One round: begin starts the threads, finish has them come to an end. */
void crew_begin(void);
void crew_finish(void);

/* So far: allocations, frees and resizes, and threads that lived. Any time. */
uint64_t crew_operations(void);
uint64_t crew_threads(void);

/* The exact live blocks and bytes of the shadows; between two rounds. */
void crew_live(uint64_t *blocks, uint64_t *bytes);

#endif
