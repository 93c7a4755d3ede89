/* The Node-API binding, typed in lib/addon.ts. Context-aware; all environments of a process share one core. */
#include "bench.h"
#include "core.h"
#include "demangle.h"
#include "execute.h"
#include "functions.h"
#include "info.h"
#include "memory.h"
#include "profile.h"
#include "window.h"

#include <cstdio>

namespace {

void refuse(napi_env env, core_answer answer, const ss_api_conflict &other) {
    char message[SS_API_FILE_BYTES + 256];
    if (answer == CORE_OTHER_ABI)
        std::snprintf(message, sizeof message,
                      "Another superslab serves this process: %s has ABI %u, this one has %u. "
                      "Use one version of the package",
                      other.file, other.abi, static_cast<unsigned>(SUPERSLAB_ABI));
    else if (answer == CORE_NOT_LOADED)
        std::snprintf(
            message, sizeof message,
            "Another superslab comes first in this process, but is not ready after %u s: %s. "
            "Its constructor has not run. Load that library to the end, or not at all",
            SS_API_WAIT_MILLISECONDS / 1000, other.file);
    else
        std::snprintf(message, sizeof message,
                      "The system refused to make the page with the address of the core's "
                      "functions writable");
    napi_throw_error(env,
                     answer == CORE_REFUSED ? "ERR_SUPERSLAB_LOAD_FAILED"
                                            : "ERR_SUPERSLAB_INCOMPATIBLE_COPY",
                     message);
}

Napi::Object start(Napi::Env env, Napi::Object exports) {
    ss_api_conflict other{};
    core_answer answer = core_join(&other);
    if (answer != CORE_JOINED) {
        refuse(env, answer, other);
        return exports;
    }
    memory_exports(env, exports);
    info_exports(env, exports);
    window_exports(env, exports);
    execute_exports(env, exports);
    bench_exports(env, exports);
    demangle_exports(env, exports);
    profile_exports(env, exports);
    functions_publish(env);
    return exports;
}

} // namespace

NODE_API_MODULE(superslab, start)
