/* The places in the core that name an order, and the part of it that an experiment removes. A place is the address its
 * call returns to; the script that runs the experiments turns it into a line. */
#ifndef EXPLORER_WEAKEN_H
#define EXPLORER_WEAKEN_H

#include "explorer.h"

typedef enum weaken_operation {
    WEAKEN_LOAD,
    WEAKEN_STORE,
    WEAKEN_RMW,
    WEAKEN_CAS,
    WEAKEN_CAS_FAILURE,
    WEAKEN_FENCE
} weaken_operation;

/* The order that the access at this place is to have. */
int weaken_order(const void *place, weaken_operation operation, int order);

/* PLACE[,PLACE...]:OPERATION:PART, the places in hexadecimal, the part `acquire`, `release` or `total`; false if
 * it is not of this form. */
bool weaken_parse(const char *text);
bool weaken_wanted(void);
/* Whether an execution reached such a place. */
bool weaken_reached(void);

/* One line a place and operation: place, operation, order. */
void weaken_print_places(void);

#endif
