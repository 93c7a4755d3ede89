/* Windows: shared memory made by JavaScript that the core cuts into blocks. windowJoin makes an object of
 * an isolate's functions on one; the view functions take any Uint8Array and look its address up. What
 * cannot be done comes back as a number, as in memory.h. */
#ifndef SUPERSLAB_ADDON_WINDOW_H
#define SUPERSLAB_ADDON_WINDOW_H

#include <napi.h>

void window_exports(Napi::Env env, Napi::Object exports);

#endif
