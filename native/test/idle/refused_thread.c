/* The system refuses the background thread, as at a limit on processes. The program is not affected; when the system no
 * longer refuses, free memory goes back. */
#include "background.h"
#include "check.h"
#include "sandbox.h"
#include "stats.h"
#include "team.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 8, BYTES = 1 << 20, ROUNDS = 3 };

static void use(void) {
    void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        CHECK((blocks[i] = superslab_malloc(BYTES)) != NULL);
        memset(blocks[i], 1, BYTES);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        superslab_free(blocks[i]);
}

/* The filter applies only to the calling thread. */
static void use_where_it_is_forbidden(unsigned index, void *context) {
    (void)index, (void)context;
    sandbox_forbid_clone(EAGAIN);
    for (unsigned i = 0; i < ROUNDS; i++) {
        errno = 0;
        use();
        CHECK_EQ(errno, 0);
        CHECK(scavenger_is_gone());
    }
}

static bool it_is_there_again(void) {
    use();
    return scavenger_is_running();
}

int main(void) {
    if (CHECK_SANITIZED)
        check_skip("the thread is one of the C library's, which asks in another way");
    setenv("SUPERSLAB_DECAY", "40", 1);
    scavenger_must_be_visible();
    team_run(1, use_where_it_is_forbidden, NULL);
    CHECK_GT(stats_now().dirty_bytes, 0);
    wait_until(it_is_there_again);
    wait_until(scavenger_has_given_back);
    wait_until(scavenger_is_gone);
}
