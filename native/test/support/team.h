/* Several threads that run one function. */
#ifndef TEST_TEAM_H
#define TEST_TEAM_H

#include <pthread.h>

enum { TEAM_MAX = 64 };

typedef void team_function(unsigned index, void *context);

typedef struct team_member {
    pthread_t thread;
    team_function *function;
    void *context;
    unsigned index;
} team_member;

typedef struct team {
    unsigned count;
    team_member members[TEAM_MAX];
} team;

/* Members 0 to count - 1; each gets its index. */
void team_start(team *self, unsigned count, team_function *function, void *context);
void team_join(team *self);

/* Start and join. */
void team_run(unsigned count, team_function *function, void *context);

#endif
