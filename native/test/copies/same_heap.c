/* Two copies in one process: both join the table of the first one loaded, and share one heap. */
#include "check.h"
#include "child.h"
#include "copies.h"
#include "team.h"

#include <string.h>

static void first_and_second(const char *first_path, const char *second_path) {
    const copy first = copy_load(first_path), second = copy_load(second_path);
    CHECK_NE(first.own(), second.own());
    const superslab_api *api = second.join(NULL);
    CHECK(api != NULL);
    CHECK_EQ(first.join(NULL), api);
    CHECK_EQ(second.join(NULL), api);
    CHECK_EQ(api, first.own());
    CHECK_EQ(api->functions->abi, SUPERSLAB_ABI);
    CHECK_GE(api->bytes, sizeof(superslab_api));
    CHECK(strstr(first_path, strrchr(api->file, '/')) != NULL);

    /* A block of one is freed through the other, and counted once. */
    superslab_stats before, after;
    api->functions->get_stats(&before);
    void *block = first.join(NULL)->functions->malloc(1000);
    CHECK(block != NULL);
    api->functions->get_stats(&after);
    CHECK_EQ(after.live_blocks, before.live_blocks + 1);
    second.join(NULL)->functions->free(block);
    api->functions->get_stats(&after);
    CHECK_EQ(after.live_blocks, before.live_blocks);
}

static void a_then_b(void *unused) {
    (void)unused;
    first_and_second(COPY_A, COPY_B);
}

static void b_then_a(void *unused) {
    (void)unused;
    first_and_second(COPY_B, COPY_A);
}

static void alone(void *unused) {
    (void)unused;
    const copy only = copy_load(COPY_A);
    CHECK_EQ(only.join(NULL), only.own());
}

/* The same copy opened twice is one copy. */
static void twice(void *unused) {
    (void)unused;
    const copy first = copy_load(COPY_A), again = copy_load(COPY_A);
    CHECK_EQ(first.join(NULL), again.join(NULL));
}

static copy raced[2];

static void join_raced(unsigned index, void *tables) {
    ((const superslab_api **)tables)[index] = raced[index % 2].join(NULL);
}

static void at_once(void *unused) {
    (void)unused;
    const superslab_api *tables[8];
    raced[0] = copy_load(COPY_B);
    raced[1] = copy_load(COPY_A);
    team_run(8, join_raced, tables);
    for (int i = 0; i < 8; i++)
        CHECK_EQ(tables[i], raced[0].own());
}

int main(void) {
    static void (*const cases[])(void *) = {a_then_b, b_then_a, alone, twice, at_once};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const child_result result = child_run(cases[i], NULL);
        child_check_clean(&result);
    }
}
