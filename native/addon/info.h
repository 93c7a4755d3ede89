/* Questions about the core that was joined: stats, inspect, whether it is the process's malloc, how it was built. */
#ifndef SUPERSLAB_ADDON_INFO_H
#define SUPERSLAB_ADDON_INFO_H

#include <napi.h>

void info_exports(Napi::Env env, Napi::Object exports);

#endif
