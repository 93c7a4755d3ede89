/* The heap the addon stands on, and misuse of it turned into values.
 *
 * From JavaScript every address is a guess until it was looked up: each function here asks the
 * registry first, by a question that follows no pointer, and holds the address until it is done. So no
 * number that a program passes, and no two workers that pass the same one, can make the core report an
 * error: the process's error handler is left alone, and what it is told is native code's misuse. */
#ifndef SUPERSLAB_ADDON_HEAP_H
#define SUPERSLAB_ADDON_HEAP_H

#include <cstddef>
#include <cstdint>

extern "C" {
#include "api.h"
}

/* A window's table has one byte for each 16 bytes of the window, see api.h. */
constexpr unsigned WINDOW_STEP_SHIFT = 4;

/* Joins the heap of this process. Any number of threads may call it. Where another copy of the library is in the way
 * `conflict` names it: it has another ABI, or it is mapped but its constructor does not run. */
enum heap_answer { HEAP_JOINED, HEAP_OTHER_ABI, HEAP_NOT_LOADED, HEAP_REFUSED };
heap_answer heap_join(ss_api_conflict *conflict);

/* The heap that was joined, and all that the copy which serves it does for addons of this package. */
const superslab_functions *heap();
const superslab_api *api();

/* Address 0 is a block of no bytes to all of these, as NULL is in C. */

/* On an error nothing was freed. */
superslab_error heap_free(uintptr_t address);
superslab_error heap_free_sized(uintptr_t address, size_t size);

/* The new block. NULL when there was no memory, or with an error; the old one is then untouched. */
void *heap_realloc(uintptr_t address, size_t size, superslab_error *error);

/* Bytes; 0 with an error. */
size_t heap_usable_size(uintptr_t address, superslab_error *error);

#endif
