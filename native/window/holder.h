/* Holders: isolates that join a window and leave it. */
#ifndef SS_HOLDER_H
#define SS_HOLDER_H

#include "window/window.h"

/* Joins the window of the memory, which is made if there is none. NULL with errno EINVAL or ENOMEM. */
ss_holder *ss_window_join(const ss_api_window *given, uint32_t *magazines);
void ss_window_leave(ss_holder *holder);

/* The window is never retired from now on. */
void ss_window_make_permanent(ss_holder *holder);

/* The byte that the holder writes into the table for blocks it watches. */
uint32_t ss_window_tag(const ss_holder *holder);
size_t ss_window_bytes(const ss_holder *holder);
void ss_window_grow(ss_holder *holder, size_t bytes);
uint32_t ss_window_stride(unsigned bin);

#endif
