/* Pins: a block that is in use, for example by a pending read, is not freed before its last pin goes. While a block has
 * a pin its byte in the table says so, and the pin keeps what the byte was before. */
#ifndef SS_PIN_H
#define SS_PIN_H

#include "window/window.h"

/* Pins the block for the holder. 0, SUPERSLAB_ERROR_DOUBLE_FREE if no live block is there, or SS_API_FULL without
 * memory. */
int ss_pin_add(ss_holder *holder, uint32_t offset);

/* Takes back one pin of the holder. False if it has none there. *give is set if that was the last pin of a block that
 * was freed meanwhile: the caller must free the block. */
bool ss_pin_remove(ss_holder *holder, uint32_t offset, bool *give);

/* The same for the holder's next pinned block, whose offset is stored, from *list on, which is 0 at first. False if
 * there is none. */
bool ss_pin_remove_next(ss_holder *holder, uint32_t *list, uint32_t *offset, bool *give);

/* Marks a block as freed, so that its last pin frees it: LATER. TWICE: it was marked before. NONE: it has no pin. */
typedef enum ss_pin_free { SS_PIN_LATER, SS_PIN_TWICE, SS_PIN_NONE } ss_pin_free;
ss_pin_free ss_pin_free_later(ss_window *window, uint32_t offset);

/* The part of ss_window_cede for a block that the table calls pinned; false if it no longer does. */
bool ss_pin_cede(ss_window *window, uint32_t offset);
/* The byte that the table would have if the block were not pinned; 0 if it has no pin. */
uint8_t ss_pin_byte(ss_window *window, uint32_t offset);
/* Gives back the lists of a window without a holder. */
void ss_pins_end(ss_window *window);

#endif
