/* Pins: a block that something still uses (a read that is under way) is not freed before its last pin
 * goes. While it has one, its byte in the table says so, and what the byte said before is kept here. */
#ifndef SS_PIN_H
#define SS_PIN_H

#include "window/window.h"

/* 0, SUPERSLAB_ERROR_DOUBLE_FREE where no live block is to be pinned, or SS_API_FULL when there is no memory for it. */
int ss_pin_add(ss_holder *holder, uint32_t offset);

/* False if the holder has no pin there. *give: it was the block's last one, and the block was freed meanwhile: the caller
 * is to free it. */
bool ss_pin_remove(ss_holder *holder, uint32_t offset, bool *give);

/* The same for any pin of the holder's from a list on, which is 0 at first; false when there is none. */
bool ss_pin_remove_next(ss_holder *holder, uint32_t *list, uint32_t *offset, bool *give);

/* Has the last pin free the block. */
typedef enum ss_pin_free { SS_PIN_LATER, SS_PIN_TWICE, SS_PIN_NONE } ss_pin_free;
ss_pin_free ss_pin_free_later(ss_window *window, uint32_t offset);

/* The part of ss_window_cede for a block that the table calls pinned; false if it no longer does. */
bool ss_pin_cede(ss_window *window, uint32_t offset);
/* What the table would say of a pinned block; 0 if it has no pin. */
uint8_t ss_pin_byte(ss_window *window, uint32_t offset);
/* Gives back the lists of a window that has no holder any more. */
void ss_pins_end(ss_window *window);

#endif
