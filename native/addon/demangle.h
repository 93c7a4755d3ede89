/* Names of C++ as people write them, by the C++ library's own function. */
#ifndef SUPERSLAB_ADDON_DEMANGLE_H
#define SUPERSLAB_ADDON_DEMANGLE_H

#include <napi.h>

void demangle_exports(Napi::Env env, Napi::Object exports);

#endif
