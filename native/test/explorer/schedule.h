/* The threads of a scenario: coroutines, of which one runs at a time. */
#ifndef EXPLORER_SCHEDULE_H
#define EXPLORER_SCHEDULE_H

#include "explorer.h"

/* One execution; false if it failed, and then why is in schedule_failure. */
bool schedule_run(const explorer_scenario *scenario);
const char *schedule_failure(void);

/* Runs setup or check alone, as thread 0; false as above. */
bool schedule_alone(void (*function)(void));

/* Before an access that others compete for: any of them may come first. */
void schedule_point(void);

/* Before any other access: the same, if the scenario wants it. */
void schedule_point_anywhere(void);

/* Until the count changes. */
void schedule_wait(const uint16_t *count);

/* Until another thread has written something. */
void schedule_yield(void);
/* Another one goes on if it can; this one may go on at any time. */
void schedule_sleep(void);
/* This one does not go on in this execution. */
void schedule_stop(void);

/* Whether the address is on a coroutine's stack, which no other thread accesses. */
bool schedule_is_stack(const void *address);

#endif
