/* Huge pages of this process. */
#ifndef TEST_HUGE_H
#define TEST_HUGE_H

#include <stdbool.h>
#include <stddef.h>

/* Skips the test where the system gives this process no huge pages of a SuperSlab's size now. */
void huge_must_be_there(void);

/* The bytes of huge pages in the mapping that contains an address. */
size_t huge_bytes(const void *address);

/* Whether the system may make more of them there by itself (MADV_HUGEPAGE in force). */
bool huge_is_advised(const void *address);

/* The number of huge pages that the system has split, for all processes; 0 where it does not say. */
size_t huge_splits(void);

#endif
