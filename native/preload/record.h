/* Recording of the program's allocations: `superslab run --record`. */
#ifndef SS_PRELOAD_RECORD_H
#define SS_PRELOAD_RECORD_H

/* Begins recording if SUPERSLAB_RECORD is set. Called when the decision to serve this process was made, before it has a
 * heap; repeated calls do no harm. */
void preload_record_begin(void);

/* Called once, later, when the C library may allocate. */
void preload_record_handle_fork(void);

#endif
