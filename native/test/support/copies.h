/* Loads the shared objects of copies/library, each a whole superslab of its own. */
#ifndef TEST_COPIES_H
#define TEST_COPIES_H

#include "window/api.h"

typedef struct copy {
    void *handle;
    const superslab_api *(*join)(ss_api_conflict *other);
    const superslab_api *(*own)(void);
} copy;

/* RTLD_LOCAL: copies do not see each other's symbols. */
copy copy_load(const char *path);

#endif
