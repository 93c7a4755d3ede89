/* Values for JavaScript by the C interface of Node-API, for the calls that are made most often: node-addon-api's
 * wrappers would cost more than the calls themselves. */
#ifndef SUPERSLAB_ADDON_VALUES_H
#define SUPERSLAB_ADDON_VALUES_H

#include <cstddef>

#include <node_api.h>

inline napi_value number(napi_env env, double value) {
    napi_value result = nullptr;
    napi_create_double(env, value, &result);
    return result;
}

inline napi_value boolean(napi_env env, bool value) {
    napi_value result = nullptr;
    napi_get_boolean(env, value, &result);
    return result;
}

struct Function {
    const char *name;
    napi_callback callback;
};

/* Sets the functions as members of an object. Arguments::data returns `bound` in each of them. */
template <size_t COUNT>
void functions_set(napi_env env, napi_value object, const Function (&functions)[COUNT],
                   void *bound = nullptr) {
    for (const auto &[name, callback] : functions) {
        napi_value function = nullptr;
        napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, bound, &function);
        napi_set_named_property(env, object, name, function);
    }
}

#endif
