/* The benchmark workloads inside this process; the standalone binary has the same code. */
#ifndef SUPERSLAB_ADDON_BENCH_H
#define SUPERSLAB_ADDON_BENCH_H

#include <napi.h>

void bench_exports(Napi::Env env, Napi::Object exports);

#endif
