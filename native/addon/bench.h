/* The benchmark workloads, run inside this process: the same code as the standalone binary's. */
#ifndef SUPERSLAB_ADDON_BENCH_H
#define SUPERSLAB_ADDON_BENCH_H

#include <napi.h>

void bench_exports(Napi::Env env, Napi::Object exports);

#endif
