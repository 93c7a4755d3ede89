/* The heap the addon stands on, and misuse of it turned into values.
 *
 * From JavaScript every address is a guess until it was looked up: each function here asks the
 * registry first, by a question that follows no pointer, and what the core reports is caught on this
 * thread, so that no number a program passes can end the process. */
#ifndef SUPERSLAB_ADDON_HEAP_H
#define SUPERSLAB_ADDON_HEAP_H

#include <cstddef>
#include <cstdint>

extern "C" {
#include "api.h"
}

/* Joins the heap of this process. Any number of threads may call it. NULL when another copy of the
 * library serves the process with another ABI: `conflict` then names it. */
const superslab_api *heap_join(ss_api_conflict *conflict);

/* The heap that was joined. */
const superslab_api *heap();

/* Address 0 is a block of no bytes to all of these, as NULL is in C. */

/* 0 or a superslab_error; the block is then as it was, or lost if its header was damaged. */
int heap_free(uintptr_t address);
int heap_free_sized(uintptr_t address, size_t size);

/* The new block, or NULL with `*error` 0 (no memory) or a superslab_error; the old one is untouched. */
void *heap_realloc(uintptr_t address, size_t size, int *error);

/* Bytes, with `*error` as above. */
size_t heap_usable_size(uintptr_t address, int *error);

#endif
