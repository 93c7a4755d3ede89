/* The choices of one execution: the thread that goes on, and the value that a load reads. Option 0 is always the plain
 * one: the same thread goes on, the latest value is read. Every other option may count as a deviation, whose number an
 * exploration limits. */
#ifndef EXPLORER_CHOICE_H
#define EXPLORER_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

/* 0 to options - 1. `deviates`: every option but 0 counts. */
unsigned choice_take(unsigned options, bool deviates);

/* All executions of at most `deviations` deviations, one after the other. */
void choice_start_all(unsigned deviations);
/* Executions drawn at random, of any number of deviations. */
void choice_start_random(uint64_t seed);

/* Before each execution. */
void choice_begin(void);
/* After it: false when no execution is left. */
bool choice_next(void);

/* Every choice of this execution, in the form that `explorer --replay` reads. */
void choice_print(void);
/* Makes the choices in the text, then the plain ones. */
bool choice_start_replay(const char *text);

#endif
