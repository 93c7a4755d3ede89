/* Watching the background thread from outside. */
#ifndef TEST_BACKGROUND_H
#define TEST_BACKGROUND_H

#include <stdbool.h>
#include <stddef.h>

/* Repeats the question until the answer is true; CTest's guard against hangs ends it otherwise. */
void wait_until(bool (*done)(void));

/* Waits for a number of milliseconds, during which no thread calls the allocator. */
void wait_idle(unsigned milliseconds);

/* Nothing is in bins, and nothing free is dirty. */
bool scavenger_has_given_back(void);

/* The same, with a reason for the thread to start: memory that is freed while it ends may be too little to start it
 * again. */
bool scavenger_gives_back(void);

/* Whether this process has the thread now; always false where threads cannot be listed. */
bool scavenger_is_running(void);
bool scavenger_is_gone(void);

/* A line of its /proc/PID/task/TID/status, by the name before the colon; false if it is gone. */
bool scavenger_status(const char *name, char *value, size_t bytes);

/* How many files it has open, or -1. */
int scavenger_open_files(void);

/* Skips the test where the system does not let threads be listed. */
void scavenger_must_be_visible(void);

#endif
