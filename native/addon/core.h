/* The core that this addon has joined, and its functions that take an address, with errors as values.
 *
 * An address from JavaScript may be any number. Each function here first has the core check it, which
 * follows no pointer, and claims the address until it returns. So no number that a program passes, and
 * no two workers that pass the same one, make the core call the process's error handler: the handler is
 * called for misuse by native code alone. */
#ifndef SUPERSLAB_ADDON_CORE_H
#define SUPERSLAB_ADDON_CORE_H

#include <cstddef>
#include <cstdint>

extern "C" {
#include "window/api.h"
}

/* A window's table has one byte for each 16 bytes of the window, see api.h. */
constexpr unsigned WINDOW_STEP_SHIFT = 4;

/* Joins the core that serves this process. Any number of threads may call it. On CORE_OTHER_ABI and CORE_NOT_LOADED,
 * where the copy's constructor has not run, `conflict` names the copy of the library that is in the way. */
enum core_answer { CORE_JOINED, CORE_OTHER_ABI, CORE_NOT_LOADED, CORE_REFUSED };
core_answer core_join(ss_api_conflict *conflict);

/* The public functions of the core that was joined, and its functions for addons of this package. */
const superslab_functions *core();
const superslab_api *api();

/* Address 0 counts as a block of no bytes, as NULL does in C. */

/* On an error nothing is freed. */
superslab_error core_free(uintptr_t address);
superslab_error core_free_sized(uintptr_t address, size_t size);

/* The new block. NULL on an error, or when there is no memory; the old block is then untouched. */
void *core_realloc(uintptr_t address, size_t size, superslab_error *error);

/* Bytes; 0 with an error. */
size_t core_usable_size(uintptr_t address, superslab_error *error);

#endif
