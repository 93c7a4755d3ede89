/* malloc, free and their relatives by address. Failures are numbers, which lib/memory.ts turns into a SuperslabError:
 * 0 where there is no memory, a negated superslab_error for misuse. */
#ifndef SUPERSLAB_ADDON_MEMORY_H
#define SUPERSLAB_ADDON_MEMORY_H

#include <napi.h>

void memory_exports(Napi::Env env, Napi::Object exports);

#endif
