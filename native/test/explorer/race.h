/* Races: two threads access an address without an order between the accesses, of which at least one is a write and at
 * least one is plain. */
#ifndef EXPLORER_RACE_H
#define EXPLORER_RACE_H

#include "cell.h"
#include "view.h"

/* Notes the access and fails if it races with an earlier one. If both are atomic it is no race, but the
 * address is shared. */
void race_check(cell *self, cell_access access, const view *known, const void *place);

/* Fails if another thread's access to the address is not known to come before. */
void race_check_alone(const cell *self, const view *known, const void *place);

/* Before this thread gives the addresses back: the same of every access to them. */
void race_check_gone(const void *start, size_t bytes, const view *known);

#endif
