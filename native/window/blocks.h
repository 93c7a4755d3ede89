/* The blocks of a window: take, free, pin and look up. */
#ifndef SS_BLOCKS_H
#define SS_BLOCKS_H

#include "window/window.h"

/* Takes a block of `size` bytes. Its offset, SS_API_GROW or SS_API_FULL. */
int64_t ss_window_take(ss_holder *holder, size_t size);

/* SUPERSLAB_OK if a live block that is not pinned starts at the offset, else the error of freeing there. Frees
 * nothing. */
superslab_error ss_window_free_error(const ss_window *window, uint32_t offset);
/* Frees the block at an offset. If it is pinned, its last pin frees it. */
superslab_error ss_window_give(ss_window *window, uint32_t offset);
superslab_error ss_window_give_held(ss_holder *holder, uint32_t offset);

/* SUPERSLAB_OK if a live block, pinned or not, starts at the address. */
superslab_error ss_window_check(const void *address);

/* Leaves a block that the core has just handed out to the isolate that owns it by the table. False if no isolate does.
 * The core's block may differ in length from the owner's, so unless the table says its class the block is marked as one
 * of unknown length. The caller has passed ss_window_fence. */
bool ss_window_cede(ss_window *window, uint32_t offset);

/* Pins the block for the holder. 0, a superslab_error, or SS_API_FULL without memory. */
int ss_window_pin(ss_holder *holder, uint32_t offset);
superslab_error ss_window_unpin(ss_holder *holder, uint32_t offset);
void ss_window_unpin_all(ss_holder *holder);

#endif
