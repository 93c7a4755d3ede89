/* superslab in an addon for Node, without linking: the functions of the core that serves the process.
 *
 *     #include "superslab_node.h"
 *
 *     const superslab_functions *superslab = superslab_from_node(env);
 *     if (superslab == NULL)
 *         return NULL; // a JavaScript exception is pending
 *     void *block = superslab->malloc(100);
 *
 * The JavaScript that loads the addon must have loaded the package before: require('superslab'). For C and C++,
 * with Node-API 8 or later. */
#ifndef SUPERSLAB_NODE_H
#define SUPERSLAB_NODE_H

#include "superslab.h"

#include <node_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The package puts the table into a property of each environment's global object: an object that wraps it, with a
 * type tag, so that no object of a program can be taken for it. */
#define SUPERSLAB_NODE_PROPERTY "superslab.functions"
#define SUPERSLAB_NODE_TAG                                                                         \
    { UINT64_C(0x8d7e1f5a02c94b36), UINT64_C(0xa3f04c6be1d27958) }

/* The functions of superslab.h, of the copy that serves this process. Under `superslab run` this copy is the preload
 * library, so superslab->free also takes blocks of malloc. NULL if an exception is pending: ERR_SUPERSLAB_LOAD_FAILED if
 * the package is not loaded in this environment, ERR_SUPERSLAB_INCOMPATIBLE_COPY if it is older than this header or has
 * another ABI. */
static inline const superslab_functions *superslab_from_node(napi_env env) {
    const napi_type_tag tag = SUPERSLAB_NODE_TAG;
    napi_value global, holder;
    napi_valuetype type = napi_undefined;
    bool tagged = false;
    void *table = NULL;
    if (napi_get_global(env, &global) == napi_ok &&
        napi_get_named_property(env, global, SUPERSLAB_NODE_PROPERTY, &holder) == napi_ok &&
        napi_typeof(env, holder, &type) == napi_ok && type == napi_object &&
        napi_check_object_type_tag(env, holder, &tag, &tagged) == napi_ok && tagged)
        napi_unwrap(env, holder, &table);
    const superslab_functions *functions = (const superslab_functions *)table;
    if (functions == NULL) {
        napi_throw_error(env, "ERR_SUPERSLAB_LOAD_FAILED",
                         "superslab is not loaded: require('superslab') before this addon");
        return NULL;
    }
    if (functions->abi != SUPERSLAB_ABI || functions->bytes < sizeof(superslab_functions)) {
        napi_throw_error(env, "ERR_SUPERSLAB_INCOMPATIBLE_COPY",
                         "this addon was compiled for superslab " SUPERSLAB_VERSION
                         ", and the version that is loaded does not fit");
        return NULL;
    }
    return functions;
}

#ifdef __cplusplus
}
#endif

#endif
