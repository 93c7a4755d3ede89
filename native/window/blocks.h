/* The blocks of a window: taking, freeing, pinning, and what is known of one. */
#ifndef SS_BLOCKS_H
#define SS_BLOCKS_H

#include "window/window.h"

/* The offset of a block of `size` bytes, SS_API_GROW or SS_API_FULL. */
int64_t ss_window_take(ss_holder *holder, size_t size);

/* What freeing the block at an offset would be called, without doing it. */
superslab_error ss_window_free_error(const ss_window *window, uint32_t offset);
/* Frees it, or has the last pin free it. */
superslab_error ss_window_give(ss_window *window, uint32_t offset);
superslab_error ss_window_give_held(ss_holder *holder, uint32_t offset);

/* Whether a live block starts at the address, pinned or not. */
superslab_error ss_window_check(const void *address);

/* Leaves a block that the core has just handed out to the isolate that has it by the table; false if none has. What the core
 * took need not be as long as that owner's block, so unless the table says its class no caller is told a length. Before
 * it the caller passes ss_window_fence. */
bool ss_window_cede(ss_window *window, uint32_t offset);

/* 0, a superslab_error, or SS_API_FULL when there is no memory for it. */
int ss_window_pin(ss_holder *holder, uint32_t offset);
superslab_error ss_window_unpin(ss_holder *holder, uint32_t offset);
void ss_window_unpin_all(ss_holder *holder);

#endif
