/* Replaces this process by the command of `superslab run`. */
#ifndef SUPERSLAB_ADDON_EXECUTE_H
#define SUPERSLAB_ADDON_EXECUTE_H

#include <napi.h>

void execute_exports(Napi::Env env, Napi::Object exports);

#endif
