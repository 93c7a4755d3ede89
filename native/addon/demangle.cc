#include "demangle.h"

#include "arguments.h"

#include <cstdlib>
#include <cxxabi.h>
#include <string>

namespace {

/* Undefined for a text that is no mangled name. */
Napi::Value demangle(const Napi::CallbackInfo &info) {
    if (!info[0].IsString()) {
        throw_argument_type(info.Env(), "name", "a string");
        return {};
    }
    std::string name = info[0].As<Napi::String>().Utf8Value();
    int status;
    char *readable = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
    if (readable == nullptr)
        return info.Env().Undefined();
    Napi::String out = Napi::String::New(info.Env(), readable);
    std::free(readable);
    return out;
}

} // namespace

void demangle_exports(Napi::Env env, Napi::Object exports) {
    exports.Set("demangle", Napi::Function::New<demangle>(env, "demangle"));
}
