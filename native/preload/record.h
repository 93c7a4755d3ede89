/* Recording what the program allocates: `superslab run --record`. */
#ifndef SS_PRELOAD_RECORD_H
#define SS_PRELOAD_RECORD_H

/* Begins if SUPERSLAB_RECORD asks for it. Called when it is decided that this process is served, before it has a
 * heap; more than once does no harm. */
void preload_record_begin(void);

#endif
