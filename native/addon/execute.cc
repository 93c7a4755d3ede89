#include "execute.h"

#include "arguments.h"
#include "os/execute.h"

#include <string>
#include <vector>

namespace {

/* An array of strings as execve takes it. */
class Strings {
  public:
    bool take(const Napi::CallbackInfo &info, size_t index, const char *name) {
        if (!info[index].IsArray()) {
            throw_argument_type(info.Env(), name, "an array of strings");
            return false;
        }
        Napi::Array array = info[index].As<Napi::Array>();
        for (uint32_t i = 0; i < array.Length(); i++)
            texts.push_back(array.Get(i).ToString().Utf8Value());
        for (std::string &text : texts)
            pointers.push_back(text.data());
        pointers.push_back(nullptr);
        return true;
    }

    char *const *data() {
        return pointers.data();
    }

  private:
    std::vector<std::string> texts;
    std::vector<char *> pointers;
};

Napi::Value execute(const Napi::CallbackInfo &info) {
    Strings arguments, changes;
    if (!info[0].IsString()) {
        throw_argument_type(info.Env(), "file", "a string");
        return {};
    }
    if (!arguments.take(info, 1, "arguments") || !changes.take(info, 2, "changes"))
        return {};
    std::string file = info[0].As<Napi::String>().Utf8Value();
    int error = ss_os_execute(file.c_str(), arguments.data(), changes.data());
    return Napi::Number::New(info.Env(), error);
}

Napi::Value has_capabilities(const Napi::CallbackInfo &info) {
    if (!info[0].IsString()) {
        throw_argument_type(info.Env(), "file", "a string");
        return {};
    }
    std::string file = info[0].As<Napi::String>().Utf8Value();
    return Napi::Boolean::New(info.Env(), ss_os_has_capabilities(file.c_str()));
}

} // namespace

void execute_exports(Napi::Env env, Napi::Object exports) {
    exports.Set("execute", Napi::Function::New<execute>(env, "execute"));
    exports.Set("hasCapabilities", Napi::Function::New<has_capabilities>(env, "hasCapabilities"));
}
