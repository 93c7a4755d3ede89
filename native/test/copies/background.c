/* The background thread of a superslab that was loaded late, with thread records in dynamic thread-local storage, gives
 * back freed memory and the blocks in the bins of its threads. */
#include "check.h"
#include "copies.h"
#include "team.h"

#include <string.h>
#include <time.h>

enum { BLOCKS = 64, LARGE = 1 << 20, SMALL = 3000 };

static const superslab_functions *heap;

static void work(unsigned index, void *context) {
    void *blocks[BLOCKS];
    (void)index;
    (void)context;
    for (unsigned size = LARGE; size >= SMALL; size /= 4) {
        for (unsigned i = 0; i < BLOCKS; i++) {
            CHECK((blocks[i] = heap->malloc(size)) != NULL);
            memset(blocks[i], 1, size);
        }
        for (unsigned i = 0; i < BLOCKS; i++)
            heap->free(blocks[i]);
    }
}

static bool is_given_back(void) {
    superslab_stats now;
    heap->get_stats(&now);
    return now.dirty_bytes == 0;
}

int main(void) {
    const struct timespec moment = {.tv_nsec = 5000000};
    heap = copy_load(COPY_A).join(NULL)->functions;
    work(0, NULL);
    team_run(2, work, NULL);
    /* CTest's guard against hangs ends it otherwise. */
    while (!is_given_back())
        nanosleep(&moment, NULL);
}
