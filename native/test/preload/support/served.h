/* For programs whose malloc is the preload library's. */
#ifndef TEST_SERVED_H
#define TEST_SERVED_H

#include "window/api.h"

#include <stdbool.h>

/* The table of the copy that is the process's malloc; fails if there is none. */
const superslab_api *served_api(void);

/* Whether the preload library is loaded and leaves the process alone. */
bool served_by_nobody(void);

/* Random calls of the whole family, contents checked; all is freed at the end. */
void served_churn(uint64_t seed, unsigned steps, size_t size_max);

#endif
