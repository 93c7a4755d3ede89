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

void refuse(napi_env env, heap_answer answer, const ss_api_conflict &other) {
    char message[512];
    if (answer == HEAP_OTHER_ABI)
        std::snprintf(message, sizeof message,
                      "Another superslab serves this process: %s has ABI %u, this one has %u. "
                      "Use one version of the package",
                      other.file, other.abi, static_cast<unsigned>(SUPERSLAB_ABI));
    else if (answer == HEAP_NOT_LOADED)
        std::snprintf(
            message, sizeof message,
            "Another superslab comes first in this process, but is not ready after %u s: %s. "
            "Its constructor has not run. Load that library to the end, or not at all",
            SS_API_WAIT_MILLISECONDS / 1000, other.file);
    else
        std::snprintf(message, sizeof message,
                      "The system does not let the page of the heap's functions be written");
    napi_throw_error(env,
                     answer == HEAP_REFUSED ? "ERR_SUPERSLAB_LOAD_FAILED"
                                            : "ERR_SUPERSLAB_INCOMPATIBLE_COPY",
                     message);
}

Napi::Object start(Napi::Env env, Napi::Object exports) {
    ss_api_conflict other{};
    heap_answer answer = heap_join(&other);
    if (answer != HEAP_JOINED) {
        refuse(env, answer, other);
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
