#ifndef SS_PROFILE_H
#define SS_PROFILE_H
#include "base/types.h"
size_t ss_profile_mean(void);
void ss_profile_sample(const void *block, size_t size, size_t stride, uint32_t label);
void ss_profile_freed(uintptr_t block);
#endif
