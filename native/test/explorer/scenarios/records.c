/* The room for records runs out. One thread has checked that there is some, another one uses it up and commits more, and
 * the first must not take a record there without having seen the commit; nor must a third one that counts read it. */
#include "scenarios.h"

#include "undo.h"

enum { OWNER = 9 };

static ss_slab *made[2][2];

/* The class with the longest records: the smallest blocks. */
enum { LONGEST = SS_BIN_HEADED };

static size_t record_bytes(void) {
    return (size_t)ss_class_record_units(&ss_process->classes[LONGEST]) << SS_RECORD_SHIFT;
}

/* Committed bytes that are in no record. */
static size_t room(const ss_space *space) {
    return atomic_load(&space->records_ready) - space->slab_records.used;
}

static ss_slab *make(void) {
    ss_slab *slab = ss_slab_make(headed_space(), LONGEST, OWNER);
    EXPLORER_CHECK(slab != NULL);
    return slab;
}

static void setup(void) {
    ss_process_init();
    make();
    /* Uses up the room, as more slabs would than fit into the memory here. What is left is enough for one record, so
     * that no thread commits more before that one is taken, and not enough for two. */
    headed_space()->slab_records.used += room(headed_space()) - record_bytes();
    EXPLORER_CHECK(room(headed_space()) >= (size_t)SS_RECORD_MAX_UNITS << SS_RECORD_SHIFT);
}

static void thread(unsigned index) {
    if (index == 2) {
        superslab_stats stats;
        superslab_get_stats(&stats);
        return;
    }
    for (unsigned i = 0; i < (index == 0 ? 1 : 2); i++) {
        ss_slab *slab = make();
        undo_write(&made[index][i], &slab, sizeof slab);
    }
}

static void check(void) {
    EXPLORER_CHECK(made[0][0] != made[1][0] && made[0][0] != made[1][1]);
    EXPLORER_CHECK(made[1][0] != made[1][1]);
    for (unsigned i = 0; i < 3; i++)
        ss_slab_abandon(made[i == 0 ? 0 : 1][i == 2 ? 1 : 0]);
}

const explorer_scenario scenario_records = {
    .name = "records",
    .title = "records are made while the room for them runs out, and while all is counted",
    .threads = 3,
    .setup = setup,
    .thread = thread,
    .check = check,
};
