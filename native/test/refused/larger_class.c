/* Where the system refuses memory, a request may be served by a block of a larger class, which behaves in every respect
 * as a block of the request's size. */
#include "block.h"
#include "check.h"
#include "pattern.h"
#include "refuse.h"
#include "stats.h"

typedef struct link {
    struct link *next;
} link;

enum { SIZE = 42, LARGER = 1000, LARGER_COUNT = 60 };

int main(void) {
    const superslab_stats before = stats_start();
    void *larger[LARGER_COUNT];
    for (size_t i = 0; i < LARGER_COUNT; i++)
        larger[i] = block_new(LARGER);
    for (size_t i = 0; i < LARGER_COUNT; i += 2)
        superslab_free(larger[i]);

    refuse_start(REFUSE_MMAP | REFUSE_MPROTECT, 0, true);
    link *last = NULL;
    for (link *fresh; (fresh = block_try(SIZE)) != NULL; last = fresh)
        fresh->next = last;
    refuse_stop();

    unsigned turn = 0;
    while (last != NULL) {
        link *one = last;
        last = one->next;
        switch (turn++ % 3) {
        case 0:
            superslab_free(one);
            break;
        case 1:
            superslab_free_sized(one, SIZE);
            break;
        default:
            pattern_fill(one, SIZE, turn);
            one = block_resize(one, SIZE / 2);
            CHECK(pattern_intact(one, SIZE / 2, turn));
            superslab_free_sized(one, SIZE / 2);
            break;
        }
    }
    for (size_t i = 1; i < LARGER_COUNT; i += 2)
        superslab_free_sized(larger[i], LARGER);
    stats_check_returned(&before);
}
