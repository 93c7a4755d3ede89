/* Arguments from JavaScript. A function that returns false has thrown a TypeError with the code ERR_INVALID_ARG_TYPE or
 * a RangeError with ERR_OUT_OF_RANGE; its caller returns at once. */
#ifndef SUPERSLAB_ADDON_ARGUMENTS_H
#define SUPERSLAB_ADDON_ARGUMENTS_H

#include <cstddef>
#include <cstdint>

#include <node_api.h>

/* The arguments of a call by the C interface of Node-API. */
template <size_t COUNT>
class Arguments {
  public:
    Arguments(napi_env env, napi_callback_info info) {
        size_t count = COUNT;
        napi_get_cb_info(env, info, &count, values, nullptr, &bound);
    }
    /* The pointer that functions_set was given. */
    void *data() const {
        return bound;
    }
    napi_value operator[](size_t index) const {
        return values[index];
    }

  private:
    napi_value values[COUNT]; /* undefined where the call had none */
    void *bound = nullptr;
};

/* A whole number that a JavaScript number holds exactly. */
bool argument_integer(napi_env env, napi_value value, const char *name, uint64_t *out);

/* The same for sizes and counts. */
bool argument_size(napi_env env, napi_value value, const char *name, size_t *out);

/* An address as a number. */
bool argument_address(napi_env env, napi_value value, uintptr_t *out);

/* An address as a number or, above 2^53, as a bigint. */
bool argument_any_address(napi_env env, napi_value value, uintptr_t *out);

/* A power of two. */
bool argument_alignment(napi_env env, napi_value value, size_t *out);

void throw_argument_type(napi_env env, const char *name, const char *expected);
void throw_argument_range(napi_env env, const char *name, const char *expected);

#endif
