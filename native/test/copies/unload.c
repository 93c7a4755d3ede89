/* The copy that serves the process stays loaded when it is closed: its blocks, its threads' caches and its table
 * stay usable. */
#include "check.h"
#include "child.h"
#include "copies.h"
#include "team.h"

#include <dlfcn.h>
#include <string.h>

static const superslab_api *api;

static void work(unsigned index, void *context) {
    (void)context;
    for (unsigned i = 0; i < 1000; i++) {
        char *block = api->functions->malloc(index * 100 + i);
        CHECK(block != NULL);
        memset(block, (int)i, index * 100 + i);
        api->functions->free(block);
    }
}

static void closed_and_used(void *unused) {
    (void)unused;
    const copy first = copy_load(COPY_A), second = copy_load(COPY_B);
    api = second.join(NULL);
    CHECK_EQ(api, first.own());
    char *block = api->functions->malloc(5000);
    CHECK(block != NULL);
    memset(block, 7, 5000);
    CHECK_EQ(dlclose(first.handle), 0);
    CHECK_EQ(block[4999], 7);
    team_run(4, work, NULL);
    api->functions->free(block);

    /* Opened again it is the same one. */
    const copy again = copy_load(COPY_A);
    CHECK_EQ(again.own(), api);
    CHECK_EQ(second.join(NULL), api);
}

static void thread_outlives(unsigned index, void *context) {
    (void)index;
    const copy local = copy_load(COPY_A);
    api = local.join(NULL);
    *(void **)context = api->functions->malloc(100);
    /* Closed before this thread ends: the destructor of its heap must still be there. */
    CHECK_EQ(dlclose(local.handle), 0);
}

static void closed_by_a_thread(void *unused) {
    (void)unused;
    void *block = NULL;
    for (int i = 0; i < 20; i++) {
        team_run(1, thread_outlives, &block);
        CHECK(block != NULL);
        api->functions->free(block);
    }
}

int main(void) {
    child_result result = child_run(closed_and_used, NULL);
    child_check_clean(&result);
    result = child_run(closed_by_a_thread, NULL);
    child_check_clean(&result);
}
