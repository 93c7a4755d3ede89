/* Counts how often each byte occurs in a Buffer, in a block of superslab. JavaScript gets the block's address; C or
 * JavaScript may free it, once. */
#include <superslab_node.h>

static napi_value count(napi_env env, napi_callback_info info) {
    const superslab_functions *superslab = superslab_from_node(env);
    if (superslab == NULL)
        return NULL; /* an exception is pending */
    size_t arguments = 1, bytes;
    napi_value buffer, address;
    uint8_t *data;
    if (napi_get_cb_info(env, info, &arguments, &buffer, NULL, NULL) != napi_ok ||
        napi_get_buffer_info(env, buffer, (void **)&data, &bytes) != napi_ok) {
        napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "count takes a Buffer");
        return NULL;
    }
    uint32_t *counts = superslab->calloc(256, sizeof *counts);
    if (counts == NULL) {
        napi_throw_error(env, "ERR_SUPERSLAB_OUT_OF_MEMORY", "no memory for the counts");
        return NULL;
    }
    for (size_t i = 0; i < bytes; i++)
        counts[data[i]]++;
    napi_create_double(env, (double)(uintptr_t)counts, &address);
    return address;
}

/* Returns one of the counts. The address is checked before it is followed, because JavaScript may pass any number. */
static napi_value at(napi_env env, napi_callback_info info) {
    const superslab_functions *superslab = superslab_from_node(env);
    if (superslab == NULL)
        return NULL;
    size_t arguments = 2;
    napi_value values[2], result;
    double address = 0;
    uint32_t byte = 0;
    napi_get_cb_info(env, info, &arguments, values, NULL, NULL);
    napi_get_value_double(env, values[0], &address);
    napi_get_value_uint32(env, values[1], &byte);
    const uint32_t *counts = (const uint32_t *)(uintptr_t)address;
    superslab_error error = superslab->check(counts);
    if (error != SUPERSLAB_OK || byte >= 256 ||
        superslab->usable_size(counts) < 256 * sizeof *counts) {
        napi_throw_range_error(env, NULL, superslab->error_name(error));
        return NULL;
    }
    napi_create_uint32(env, counts[byte], &result);
    return result;
}

NAPI_MODULE_INIT() {
    const napi_property_descriptor functions[] = {
        {"count", NULL, count, NULL, NULL, NULL, napi_enumerable, NULL},
        {"at", NULL, at, NULL, NULL, NULL, napi_enumerable, NULL},
    };
    napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
    return exports;
}
