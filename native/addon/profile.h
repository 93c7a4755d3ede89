/* The heap profile: start, stop, what is written, labels, and samples of blocks that JavaScript hands out. */
#ifndef SUPERSLAB_ADDON_PROFILE_H
#define SUPERSLAB_ADDON_PROFILE_H

#include <napi.h>

void profile_exports(Napi::Env env, Napi::Object exports);

#endif
