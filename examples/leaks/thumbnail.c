/* Makes thumbnails, and leaks its canvas for each picture that it refuses. */
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

enum { CANVAS_BYTES = 96 * 1024, THUMBNAIL_BYTES = 64 };

/* Zeroed memory for the whole picture. */
static unsigned char *make_canvas(void) {
    return calloc(1, CANVAS_BYTES);
}

static int decode(const unsigned char *data, size_t bytes, unsigned char *canvas) {
    if (bytes < 2 || memcmp(data, "P6", 2) != 0)
        return -1;
    memcpy(canvas, data, bytes < CANVAS_BYTES ? bytes : CANVAS_BYTES);
    return 0;
}

static napi_value resize(napi_env env, napi_callback_info info) {
    size_t arguments = 1, bytes;
    napi_value picture, result;
    void *data;
    if (napi_get_cb_info(env, info, &arguments, &picture, NULL, NULL) != napi_ok ||
        napi_get_buffer_info(env, picture, &data, &bytes) != napi_ok) {
        napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "resize takes a Buffer");
        return NULL;
    }
    unsigned char *canvas = make_canvas();
    if (canvas == NULL || decode(data, bytes, canvas) != 0) {
        napi_throw_error(env, "ERR_PICTURE",
                         "this is no picture"); /* the leak: free(canvas) is missing */
        return NULL;
    }
    napi_create_buffer_copy(env, THUMBNAIL_BYTES, canvas, NULL, &result);
    free(canvas);
    return result;
}

NAPI_MODULE_INIT() {
    napi_value function;
    napi_create_function(env, "resize", NAPI_AUTO_LENGTH, resize, NULL, &function);
    napi_set_named_property(env, exports, "resize", function);
    return exports;
}
