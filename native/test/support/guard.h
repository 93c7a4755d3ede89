/* Guarded blocks in tests. */
#ifndef TEST_GUARD_H
#define TEST_GUARD_H

#include "child.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sets SUPERSLAB_GUARD; before the process's first call of the library. */
void guard_begin(unsigned rate);

/* Whether a block is guarded; of at most 4,096 bytes. */
bool guard_has(const void *block);

/* Allocates and frees until a block is guarded, and returns it. */
void *guard_new(size_t size);
void *guard_new_aligned(size_t alignment, size_t size);
/* The same, but a block that begins its page, or ends as near to its end as 16 bytes allow. */
uint8_t *guard_new_left(size_t size);
uint8_t *guard_new_right(size_t size);

/* The nanoseconds of a clock that only goes forward. */
uint64_t guard_clock(void);

/* Without a scavenger (SUPERSLAB_DECAY=decay) threads grant samples on their cold paths: 20 blocks are guarded, and never
 * more than the rate allows. The process's first call of the library. */
void guard_check_without_scavenger(const char *decay);

/* Whether the text begins with the line, and then has a report as the regular expression says. */
void guard_check_report(const char *text, const char *line, const char *pattern);

/* The process has ended by the default action of a fault; under a sanitizer by that one's. */
void guard_check_fault_end(const child_result *result);

/* Accesses that the compiler does not see through. */
void guard_write(uint8_t *at);
uint8_t guard_read(const uint8_t *at);

#endif
