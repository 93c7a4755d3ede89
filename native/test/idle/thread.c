/* The background thread: it exists only while much memory is free, has a name, gets no signals, has no files and no
 * capabilities, and ends when nothing is left to do. */
#include "background.h"
#include "check.h"
#include "stats.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LITTLE_BYTES = 1 << 20, MUCH = 16, FILES = 10 };

static void use(size_t count) {
    void *blocks[MUCH];
    for (size_t i = 0; i < count; i++)
        CHECK((blocks[i] = superslab_malloc(LITTLE_BYTES)) != NULL);
    for (size_t i = 0; i < count; i++)
        superslab_free(blocks[i]);
}

/* Soon after its start; a thread of the C library's has the process's. */
static bool has_files_of_its_own(void) {
    return CHECK_SANITIZED || scavenger_open_files() < FILES;
}

int main(void) {
    for (unsigned i = 0; i < FILES; i++)
        CHECK_GE(dup(STDERR_FILENO), 0);

    char value[64];
    scavenger_must_be_visible();
    setenv("SUPERSLAB_DECAY", "200", 1);
    use(1);
    CHECK(scavenger_is_gone());
    for (unsigned round = 0; round < 3; round++) {
        use(MUCH);
        /* Or it has done its work already. */
        if (scavenger_status("SigBlk", value, sizeof value)) {
            const uint64_t kept = UINT64_C(1) << 8 | UINT64_C(1) << 18; /* SIGKILL, SIGSTOP */
            const uint64_t blocked = strtoull(value, NULL, 16);
            /* The C library keeps two for itself where the thread is one of its own. */
            const uint64_t library = CHECK_SANITIZED || CHECK_EMULATED ? UINT64_C(3) << 31 : 0;
            /* SIGBUS and SIGSEGV are how an emulator notices what its program does. */
            const uint64_t faults = CHECK_EMULATED ? UINT64_C(1) << 6 | UINT64_C(1) << 10 : 0;
            CHECK_EQ(blocked | kept | library | faults, UINT64_MAX);
        }
        if (!CHECK_SANITIZED && scavenger_status("CapEff", value, sizeof value))
            CHECK_EQ(strtoull(value, NULL, 16), 0);
        wait_until(has_files_of_its_own);
        wait_until(scavenger_has_given_back);
        wait_until(scavenger_is_gone);
    }
}
