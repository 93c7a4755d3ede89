/* Known sites that allocate, for the tests of profiles. Nothing is freed. */
#include <cstdlib>
#include <node_api.h>

namespace planted {

/* Not inlined, and no last call of its caller, so that it has a frame of its own. */
__attribute__((noinline)) void *grow_by_malloc(size_t bytes) {
    void *volatile block = std::malloc(bytes);
    return block;
}

struct Row {
    __attribute__((noinline)) char *grow_by_new(size_t bytes) {
        char *volatile block = new char[bytes];
        return block;
    }
};

__attribute__((noinline)) char *make_external(size_t bytes) {
    char *volatile block = static_cast<char *>(std::malloc(bytes));
    return block;
}

} // namespace planted

static size_t argument(napi_env env, napi_callback_info info) {
    size_t count = 1;
    napi_value value;
    int64_t bytes = 0;
    napi_get_cb_info(env, info, &count, &value, nullptr, nullptr);
    napi_get_value_int64(env, value, &bytes);
    return static_cast<size_t>(bytes);
}

static napi_value plain_malloc(napi_env env, napi_callback_info info) {
    planted::grow_by_malloc(argument(env, info));
    return nullptr;
}

static napi_value cpp_new(napi_env env, napi_callback_info info) {
    planted::Row row;
    row.grow_by_new(argument(env, info));
    return nullptr;
}

static void release(napi_env, void *data, void *) {
    std::free(data);
}

static napi_value external_buffer(napi_env env, napi_callback_info info) {
    size_t bytes = argument(env, info);
    napi_value buffer = nullptr;
    napi_create_external_buffer(env, bytes, planted::make_external(bytes), release, nullptr,
                                &buffer);
    return buffer;
}

NAPI_MODULE_INIT() {
    const napi_property_descriptor functions[] = {
        {"plainMalloc", nullptr, plain_malloc, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"cppNew", nullptr, cpp_new, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"externalBuffer", nullptr, external_buffer, nullptr, nullptr, nullptr, napi_default,
         nullptr},
    };
    napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
    return exports;
}
