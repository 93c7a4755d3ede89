/* An addon with two bugs that nothing notices: most of the time the memory is still there. */
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 120, KEY_BYTES = 56 };

/* The length of a name, from memory that was freed already. */
static napi_value name_length(napi_env env, napi_callback_info info) {
    (void)info;
    napi_value result;
    char *name = malloc(NAME_BYTES);
    memset(name, 'n', NAME_BYTES);
    free(name);
    napi_create_uint32(env, ((volatile char *)name)[17] == 'n', &result);
    return result;
}

/* Ends a key with a zero behind its memory. */
static napi_value key_length(napi_env env, napi_callback_info info) {
    (void)info;
    napi_value result;
    char *key = malloc(KEY_BYTES);
    memset(key, 'k', KEY_BYTES);
    ((volatile char *)key)[KEY_BYTES] = '\0';
    napi_create_uint32(env, ((volatile char *)key)[0] == 'k', &result);
    free(key);
    return result;
}

napi_value napi_register_module_v1(napi_env env, napi_value exports) {
    napi_value function;
    napi_create_function(env, "nameLength", NAPI_AUTO_LENGTH, name_length, NULL, &function);
    napi_set_named_property(env, exports, "nameLength", function);
    napi_create_function(env, "keyLength", NAPI_AUTO_LENGTH, key_length, NULL, &function);
    napi_set_named_property(env, exports, "keyLength", function);
    return exports;
}
