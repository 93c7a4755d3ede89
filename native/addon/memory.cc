#include "memory.h"

#include "arguments.h"
#include "core.h"
#include "values.h"

namespace {

/* Blocks lie below 2^53 on all supported systems. */
napi_value block(napi_env env, void *pointer) {
    return number(env, static_cast<double>(reinterpret_cast<uintptr_t>(pointer)));
}

napi_value misuse(napi_env env, superslab_error error) {
    return number(env, -static_cast<int>(error));
}

napi_value malloc(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    size_t size;
    if (!argument_size(env, given[0], "size", &size))
        return nullptr;
    return block(env, core()->malloc(size));
}

napi_value calloc(napi_env env, napi_callback_info info) {
    Arguments<2> given(env, info);
    size_t count, size;
    if (!argument_size(env, given[0], "count", &count) ||
        !argument_size(env, given[1], "size", &size))
        return nullptr;
    return block(env, core()->calloc(count, size));
}

napi_value aligned_alloc(napi_env env, napi_callback_info info) {
    Arguments<2> given(env, info);
    size_t alignment, size;
    if (!argument_alignment(env, given[0], &alignment) ||
        !argument_size(env, given[1], "size", &size))
        return nullptr;
    return block(env, core()->aligned_alloc(alignment, size));
}

napi_value realloc(napi_env env, napi_callback_info info) {
    Arguments<2> given(env, info);
    uintptr_t address;
    size_t size;
    if (!argument_address(env, given[0], &address) || !argument_size(env, given[1], "size", &size))
        return nullptr;
    superslab_error error;
    void *pointer = core_realloc(address, size, &error);
    return error == SUPERSLAB_OK ? block(env, pointer) : misuse(env, error);
}

napi_value free(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    uintptr_t address;
    if (!argument_address(env, given[0], &address))
        return nullptr;
    return misuse(env, core_free(address));
}

napi_value free_sized(napi_env env, napi_callback_info info) {
    Arguments<2> given(env, info);
    uintptr_t address;
    size_t size;
    if (!argument_address(env, given[0], &address) || !argument_size(env, given[1], "size", &size))
        return nullptr;
    return misuse(env, core_free_sized(address, size));
}

napi_value usable_size(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    uintptr_t address;
    if (!argument_address(env, given[0], &address))
        return nullptr;
    superslab_error error;
    size_t bytes = core_usable_size(address, &error);
    return error == SUPERSLAB_OK ? number(env, static_cast<double>(bytes)) : misuse(env, error);
}

napi_value good_size(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    size_t size;
    if (!argument_size(env, given[0], "size", &size))
        return nullptr;
    return number(env, static_cast<double>(core()->good_size(size)));
}

napi_value prewarm(napi_env env, napi_callback_info info) {
    Arguments<2> given(env, info);
    size_t size, count;
    if (!argument_size(env, given[0], "size", &size) ||
        !argument_size(env, given[1], "count", &count))
        return nullptr;
    return number(env, static_cast<double>(core()->prewarm(size, count)));
}

napi_value trim(napi_env env, napi_callback_info) {
    return number(env, static_cast<double>(core()->trim()));
}

constexpr Function FUNCTIONS[] = {
    {"malloc", malloc},
    {"calloc", calloc},
    {"alignedAlloc", aligned_alloc},
    {"realloc", realloc},
    {"free", free},
    {"freeSized", free_sized},
    {"usableSize", usable_size},
    {"goodSize", good_size},
    {"prewarm", prewarm},
    {"trim", trim},
};

} // namespace

void memory_exports(Napi::Env env, Napi::Object exports) {
    functions_set(env, exports, FUNCTIONS);
}
