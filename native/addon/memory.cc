#include "memory.h"

#include "arguments.h"
#include "heap.h"

namespace {

Napi::Value number(const Napi::CallbackInfo &info, double value) {
    return Napi::Number::New(info.Env(), value);
}

/* Blocks lie below 2^53 on every system there is. */
Napi::Value block(const Napi::CallbackInfo &info, void *pointer) {
    return number(info, static_cast<double>(reinterpret_cast<uintptr_t>(pointer)));
}

Napi::Value malloc(const Napi::CallbackInfo &info) {
    size_t size;
    if (!argument_size(info, 0, "size", &size))
        return {};
    return block(info, heap()->malloc(size));
}

Napi::Value calloc(const Napi::CallbackInfo &info) {
    size_t count, size;
    if (!argument_size(info, 0, "count", &count) || !argument_size(info, 1, "size", &size))
        return {};
    return block(info, heap()->calloc(count, size));
}

Napi::Value aligned_alloc(const Napi::CallbackInfo &info) {
    size_t alignment, size;
    if (!argument_alignment(info, 0, &alignment) || !argument_size(info, 1, "size", &size))
        return {};
    return block(info, heap()->aligned_alloc(alignment, size));
}

Napi::Value realloc(const Napi::CallbackInfo &info) {
    uintptr_t address;
    size_t size;
    if (!argument_address(info, 0, &address) || !argument_size(info, 1, "size", &size))
        return {};
    int error;
    void *pointer = heap_realloc(address, size, &error);
    return error == 0 ? block(info, pointer) : number(info, -error);
}

Napi::Value free(const Napi::CallbackInfo &info) {
    uintptr_t address;
    if (!argument_address(info, 0, &address))
        return {};
    return number(info, -heap_free(address));
}

Napi::Value free_sized(const Napi::CallbackInfo &info) {
    uintptr_t address;
    size_t size;
    if (!argument_address(info, 0, &address) || !argument_size(info, 1, "size", &size))
        return {};
    return number(info, -heap_free_sized(address, size));
}

Napi::Value usable_size(const Napi::CallbackInfo &info) {
    uintptr_t address;
    if (!argument_address(info, 0, &address))
        return {};
    int error;
    size_t bytes = heap_usable_size(address, &error);
    return number(info, error == 0 ? static_cast<double>(bytes) : -error);
}

Napi::Value good_size(const Napi::CallbackInfo &info) {
    size_t size;
    if (!argument_size(info, 0, "size", &size))
        return {};
    return number(info, static_cast<double>(heap()->good_size(size)));
}

Napi::Value prewarm(const Napi::CallbackInfo &info) {
    size_t size, count;
    if (!argument_size(info, 0, "size", &size) || !argument_size(info, 1, "count", &count))
        return {};
    return number(info, static_cast<double>(heap()->prewarm(size, count)));
}

Napi::Value trim(const Napi::CallbackInfo &info) {
    return number(info, static_cast<double>(heap()->trim()));
}

} // namespace

void memory_exports(Napi::Env env, Napi::Object exports) {
    exports.Set("malloc", Napi::Function::New<malloc>(env, "malloc"));
    exports.Set("calloc", Napi::Function::New<calloc>(env, "calloc"));
    exports.Set("alignedAlloc", Napi::Function::New<aligned_alloc>(env, "alignedAlloc"));
    exports.Set("realloc", Napi::Function::New<realloc>(env, "realloc"));
    exports.Set("free", Napi::Function::New<free>(env, "free"));
    exports.Set("freeSized", Napi::Function::New<free_sized>(env, "freeSized"));
    exports.Set("usableSize", Napi::Function::New<usable_size>(env, "usableSize"));
    exports.Set("goodSize", Napi::Function::New<good_size>(env, "goodSize"));
    exports.Set("prewarm", Napi::Function::New<prewarm>(env, "prewarm"));
    exports.Set("trim", Napi::Function::New<trim>(env, "trim"));
}
