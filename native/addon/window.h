/* Windows: shared memory made by JavaScript that the core cuts into blocks. windowJoin makes the object with an
 * isolate's functions on one window; the view functions take any Uint8Array and find its window by its address. Failures
 * are numbers, as in memory.h. */
#ifndef SUPERSLAB_ADDON_WINDOW_H
#define SUPERSLAB_ADDON_WINDOW_H

#include <napi.h>

void window_exports(Napi::Env env, Napi::Object exports);

#endif
