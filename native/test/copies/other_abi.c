/* A copy with another ABI cannot join: the error names the first copy and its file. */
#include "check.h"
#include "child.h"
#include "copies.h"

#include <string.h>

static void check_conflict(const copy *late, uint32_t abi, const char *path) {
    ss_api_conflict conflict;
    memset(&conflict, 0x55, sizeof conflict);
    CHECK(late->join(&conflict) == NULL);
    CHECK_EQ(conflict.abi, abi);
    CHECK(memchr(conflict.file, '\0', sizeof conflict.file) != NULL);
    CHECK_THAT(strstr(conflict.file, strrchr(path, '/')) != NULL, "%s", conflict.file);
    CHECK(late->join(NULL) == NULL);
}

static void other_comes_second(void *unused) {
    (void)unused;
    const copy ours = copy_load(COPY_A), other = copy_load(COPY_OTHER_ABI);
    check_conflict(&other, SUPERSLAB_ABI, COPY_A);
    CHECK_EQ(ours.join(NULL), ours.own());
    superslab_stats stats;
    ours.join(NULL)->functions->get_stats(&stats);
    CHECK_EQ(stats.live_blocks, 0);
}

static void other_comes_first(void *unused) {
    (void)unused;
    const copy other = copy_load(COPY_OTHER_ABI), ours = copy_load(COPY_A);
    check_conflict(&ours, 99, COPY_OTHER_ABI);
    CHECK_EQ(other.join(NULL), other.own());
    CHECK_EQ(other.join(NULL)->functions->abi, 99);
}

/* Two that agree, and one between them that does not. */
static void other_comes_between(void *unused) {
    (void)unused;
    const copy first = copy_load(COPY_A), other = copy_load(COPY_OTHER_ABI);
    const copy last = copy_load(COPY_B);
    check_conflict(&other, SUPERSLAB_ABI, COPY_A);
    CHECK_EQ(last.join(NULL), first.own());
}

int main(void) {
    static void (*const cases[])(void *) = {other_comes_second, other_comes_first,
                                            other_comes_between};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const child_result result = child_run(cases[i], NULL);
        child_check_clean(&result);
    }
}
