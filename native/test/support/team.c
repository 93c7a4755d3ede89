#include "team.h"

#include "check.h"

#include <stddef.h>

static void *member_main(void *argument) {
    const team_member *member = argument;
    member->function(member->index, member->context);
    return NULL;
}

void team_start(team *self, unsigned count, team_function *function, void *context) {
    CHECK_LE(count, TEAM_MAX);
    self->count = count;
    for (unsigned i = 0; i < count; i++) {
        team_member *member = &self->members[i];
        member->function = function;
        member->context = context;
        member->index = i;
        CHECK_EQ(pthread_create(&member->thread, NULL, member_main, member), 0);
    }
}

void team_join(team *self) {
    for (unsigned i = 0; i < self->count; i++)
        CHECK_EQ(pthread_join(self->members[i].thread, NULL), 0);
}

void team_run(unsigned count, team_function *function, void *context) {
    team all;
    team_start(&all, count, function, context);
    team_join(&all);
}
