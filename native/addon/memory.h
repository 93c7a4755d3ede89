/* malloc, free and their kin by address. What cannot be done comes back as a number, which lib/native.ts
 * turns into a SuperslabError: 0 where there was no memory, a negated superslab_error for misuse. */
#ifndef SUPERSLAB_ADDON_MEMORY_H
#define SUPERSLAB_ADDON_MEMORY_H

#include <napi.h>

void memory_exports(Napi::Env env, Napi::Object exports);

#endif
