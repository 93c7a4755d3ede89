/* Whether the system can run a barrier on all threads of a process: the protocol for sleeping threads relies on it. */
#ifndef TEST_MEMBARRIER_H
#define TEST_MEMBARRIER_H

#include <stdbool.h>

bool membarrier_available(void);

#endif
