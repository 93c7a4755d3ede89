/* A native thread that uses the block of a Buffer while and after the isolate that made it ends, and then frees it: for
 * test/programs/native-thread.mts. */
#include "superslab_node.h"

#include <atomic>
#include <memory>
#include <thread>

namespace {

struct Use {
    const superslab_functions *superslab;
    unsigned char *block;
    size_t bytes;
    std::atomic<bool> end{false};
    bool intact = true; /* the block held what this thread, its only user, wrote to it */
    size_t usable = 0;
    superslab_error freed = SUPERSLAB_OK, again = SUPERSLAB_OK;
    std::thread thread;

    void run() {
        unsigned char round = 0;
        do {
            round++;
            for (size_t i = 0; i < bytes; i++)
                block[i] = static_cast<unsigned char>(round + i);
            for (size_t i = 0; i < bytes; i++)
                intact &= block[i] == static_cast<unsigned char>(round + i);
            usable = superslab->window_usable_size(block);
        } while (!end);
        freed = superslab->window_free(block);
        again = superslab->window_free(block);
    }
};

std::unique_ptr<Use> use; /* one in the process, for all isolates that load this addon */

/* begin(address, bytes): in the isolate that will end, where the package is loaded. */
napi_value begin(napi_env env, napi_callback_info info) {
    const superslab_functions *superslab = superslab_from_node(env);
    size_t count = 2;
    napi_value given[2];
    double address, bytes;
    if (superslab == nullptr ||
        napi_get_cb_info(env, info, &count, given, nullptr, nullptr) != napi_ok ||
        napi_get_value_double(env, given[0], &address) != napi_ok ||
        napi_get_value_double(env, given[1], &bytes) != napi_ok)
        return nullptr;
    use = std::make_unique<Use>();
    use->superslab = superslab;
    use->block = reinterpret_cast<unsigned char *>(static_cast<uintptr_t>(address));
    use->bytes = static_cast<size_t>(bytes);
    use->thread = std::thread(&Use::run, use.get());
    return nullptr;
}

/* end(): has the thread free the block, and returns the result as text. In any isolate. */
napi_value end(napi_env env, napi_callback_info) {
    use->end = true;
    use->thread.join();
    const bool well = use->intact && use->usable >= use->bytes;
    const char *found = !well                                       ? "spoilt"
                        : use->freed != SUPERSLAB_OK                ? "not freed"
                        : use->again != SUPERSLAB_ERROR_DOUBLE_FREE ? "freed twice"
                                                                    : "freed once";
    use.reset();
    napi_value result = nullptr;
    napi_create_string_utf8(env, found, NAPI_AUTO_LENGTH, &result);
    return result;
}

} // namespace

NAPI_MODULE_INIT() {
    const napi_property_descriptor functions[] = {
        {"begin", nullptr, begin, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
        {"end", nullptr, end, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
    };
    napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
    return exports;
}
