/* The Node-API binding: what lib/native.ts types. Context-aware; every environment of a process shares
 * the one heap. */
#include "bench.h"
#include "execute.h"
#include "functions.h"
#include "heap.h"
#include "memory.h"
#include "report.h"
#include "window.h"

#include <cstdio>

namespace {

Napi::Object start(Napi::Env env, Napi::Object exports) {
    ss_api_conflict other{};
    if (!heap_join(&other)) {
        char message[400];
        std::snprintf(message, sizeof message,
                      "Another superslab serves this process: %s has ABI %u, this one has %u. "
                      "Use one version of the package",
                      other.file, other.abi, static_cast<unsigned>(SUPERSLAB_ABI));
        napi_throw_error(env, "ERR_SUPERSLAB_INCOMPATIBLE_COPY", message);
        return exports;
    }
    memory_exports(env, exports);
    report_exports(env, exports);
    window_exports(env, exports);
    execute_exports(env, exports);
    bench_exports(env, exports);
    functions_publish(env);
    return exports;
}

} // namespace

NODE_API_MODULE(superslab, start)
