/* Moves batches of blocks between the magazines of a holder and the slabs of its window. Called on the thread of the
 * holder's isolate, so the magazines do not change meanwhile. */
#ifndef SS_MAGAZINE_H
#define SS_MAGAZINE_H

#include "window/window.h"

/* Refills a magazine. The number of blocks that it then has, SS_API_GROW or SS_API_FULL. */
int64_t ss_magazine_refill(ss_holder *holder, unsigned bin);
/* Gives the older half back. */
void ss_magazine_flush(ss_holder *holder, unsigned bin);
/* Gives all blocks of all magazines back. */
void ss_magazine_drain(ss_holder *holder);
void ss_magazine_init(uint32_t *magazines);

#endif
