/* What the heap says about itself: stats, inspect and how it was built. */
#ifndef SUPERSLAB_ADDON_REPORT_H
#define SUPERSLAB_ADDON_REPORT_H

#include <napi.h>

void report_exports(Napi::Env env, Napi::Object exports);

#endif
