/* A profile counts guarded blocks, and their ends. */
#include "check.h"
#include "guard.h"
#include "profile.h"
#include "superslab.h"

PROFILE_SITE static void *site(void) {
    for (;;) {
        void *block = superslab_malloc(3000);
        if (guard_has(block))
            return block;
        superslab_free(block);
    }
}

int main(void) {
    guard_begin(100);
    superslab_free(site());
    profile_begin(1); /* every block */
    void *blocks[5];
    for (unsigned i = 0; i < 5; i++)
        blocks[i] = site();
    CHECK_EQ(profile_read().lost, 0);
    CHECK_EQ((unsigned)(profile_of((const void *)site, 256).used_objects + 0.5), 5);
    for (unsigned i = 0; i < 5; i++)
        superslab_free(blocks[i]);
    profile_read();
    CHECK_EQ((unsigned)(profile_of((const void *)site, 256).used_objects + 0.5), 0);
    CHECK_EQ(superslab_profile_stop(), SUPERSLAB_PROFILE_OK);
    superslab_free(site());
}
