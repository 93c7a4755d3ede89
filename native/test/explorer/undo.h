/* Every write of an execution is taken back before the next one starts. */
#ifndef EXPLORER_UNDO_H
#define EXPLORER_UNDO_H

#include <stddef.h>
#include <stdint.h>

/* Before the bytes are written. Notes nothing while undo_start has not been called. */
void undo_note(const void *address, size_t bytes);

/* Makes the present state the start of each execution. */
void undo_start(void);
void undo_all(void);

/* Notes, then writes. */
void undo_write(void *address, const void *bytes, size_t count);

#endif
