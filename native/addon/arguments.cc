#include "arguments.h"

#include <cstdio>

namespace {

constexpr double MAX_SAFE_INTEGER = 9007199254740991.0;
constexpr char INTEGER[] = "an integer between 0 and 2 ** 53 - 1";

bool is_integer(double number) {
    return number >= 0 && number <= MAX_SAFE_INTEGER &&
           number == static_cast<double>(static_cast<uint64_t>(number));
}

} // namespace

void throw_argument_type(napi_env env, const char *name, const char *expected) {
    char message[160];
    std::snprintf(message, sizeof message, "The \"%s\" argument must be %s", name, expected);
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
}

void throw_argument_range(napi_env env, const char *name, const char *expected) {
    char message[160];
    std::snprintf(message, sizeof message, "The \"%s\" argument must be %s", name, expected);
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE", message);
}

bool argument_integer(napi_env env, napi_value value, const char *name, uint64_t *out) {
    double number = 0;
    if (napi_get_value_double(env, value, &number) != napi_ok) {
        throw_argument_type(env, name, "a number");
        return false;
    }
    if (!is_integer(number)) {
        throw_argument_range(env, name, INTEGER);
        return false;
    }
    *out = static_cast<uint64_t>(number);
    return true;
}

bool argument_size(napi_env env, napi_value value, const char *name, size_t *out) {
    uint64_t integer = 0;
    if (!argument_integer(env, value, name, &integer))
        return false;
    *out = static_cast<size_t>(integer);
    return true;
}

bool argument_address(napi_env env, napi_value value, uintptr_t *out) {
    uint64_t integer = 0;
    if (!argument_integer(env, value, "address", &integer))
        return false;
    *out = static_cast<uintptr_t>(integer);
    return true;
}

bool argument_any_address(napi_env env, napi_value value, uintptr_t *out) {
    uint64_t integer = 0;
    bool exact = false;
    napi_status status = napi_get_value_bigint_uint64(env, value, &integer, &exact);
    if (status != napi_ok) {
        napi_valuetype type = napi_undefined;
        napi_typeof(env, value, &type);
        if (type == napi_number)
            return argument_address(env, value, out);
        throw_argument_type(env, "address", "a number or a bigint");
        return false;
    }
    if (!exact) {
        throw_argument_range(env, "address", "a bigint between 0n and 2n ** 64n - 1n");
        return false;
    }
    *out = static_cast<uintptr_t>(integer);
    return true;
}

bool argument_alignment(napi_env env, napi_value value, size_t *out) {
    if (!argument_size(env, value, "alignment", out))
        return false;
    if (*out == 0 || (*out & (*out - 1)) != 0) {
        throw_argument_range(env, "alignment", "a power of two");
        return false;
    }
    return true;
}
