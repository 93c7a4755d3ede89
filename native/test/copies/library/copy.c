/* A shared object with a whole superslab of its own inside, as two versions of an addon would be. */
#include "copy.h"

__attribute__((visibility("default"))) const superslab_api *copy_join(ss_api_conflict *other) {
    return ss_api_join(other);
}

__attribute__((visibility("default"))) const superslab_api *copy_own(void) {
    return ss_api_own();
}
