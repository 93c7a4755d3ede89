/* A copy of superslab in a process that is served, an addon's for example, uses the process's heap. */
#include "check.h"
#include "copies.h"
#include "served.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    const superslab_api *api = served_api();
    CHECK(strstr(PRELOAD, strrchr(api->file, '/')) != NULL);
    const copy first = copy_load(COPY_A), second = copy_load(COPY_B);
    CHECK_EQ(first.join(NULL), api);
    CHECK_EQ(second.join(NULL), api);
    CHECK_NE(first.own(), api);

    void *block = malloc(1000);
    superslab_inspection there;
    api->functions->inspect((uintptr_t)block, &there);
    CHECK_EQ(there.kind, SUPERSLAB_ADDRESS_LIVE);
    CHECK_EQ(there.usable_size, malloc_usable_size(block));
    superslab_stats before, after;
    api->functions->get_stats(&before);
    api->functions->free(block);
    void *other = api->functions->malloc(1000);
    api->functions->get_stats(&after);
    CHECK_EQ(after.live_bytes, before.live_bytes);
    free(other);
    api->functions->get_stats(&after);
    CHECK_EQ(after.live_blocks, before.live_blocks - 1);
}
