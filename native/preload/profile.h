/* Profiles from the start, by SUPERSLAB_PROFILE. */
#ifndef SS_PRELOAD_PROFILE_H
#define SS_PRELOAD_PROFILE_H

/* Starts the profile if the environment asks for it. Called in a process that is served, before its main function. */
void preload_profile_begin(void);

#endif
