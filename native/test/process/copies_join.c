/* The program itself holds the first copy of superslab, and those it loads join that one. */
#include "check.h"
#include "copies.h"
#include "stats.h"

int main(void) {
    const superslab_api *api = ss_api_join(NULL);
    CHECK_EQ(api, ss_api_own());
    const copy loaded = copy_load(COPY_A);
    CHECK_EQ(loaded.join(NULL), api);
    CHECK_EQ(ss_api_join(NULL), api);
    ss_api_conflict conflict;
    const copy other = copy_load(COPY_OTHER_ABI);
    CHECK(other.join(&conflict) == NULL);
    CHECK_EQ(conflict.abi, SUPERSLAB_ABI);

    const superslab_stats before = stats_start();
    void *block = loaded.join(NULL)->functions->malloc(100);
    CHECK_EQ(superslab_usable_size(block), api->functions->usable_size(block));
    CHECK_EQ(stats_now().live_blocks, before.live_blocks + 1);
    superslab_free(block);
    stats_check_returned(&before);
}
