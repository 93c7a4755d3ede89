#ifndef TEST_COPY_H
#define TEST_COPY_H

#include "window/api.h"

const superslab_api *copy_join(ss_api_conflict *other);
const superslab_api *copy_own(void);

#endif
