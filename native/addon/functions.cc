#include "functions.h"

#include "core.h"
#include "superslab_node.h"

void functions_publish(Napi::Env env) {
    const napi_type_tag tag = SUPERSLAB_NODE_TAG;
    Napi::Object global = env.Global();
    if (global.Has(SUPERSLAB_NODE_PROPERTY))
        return; /* by another copy of the package, which has joined the same core */
    Napi::Object holder = Napi::Object::New(env);
    void *table = const_cast<superslab_functions *>(core());
    if (napi_wrap(env, holder, table, nullptr, nullptr, nullptr) != napi_ok ||
        napi_type_tag_object(env, holder, &tag) != napi_ok)
        return;
    global.DefineProperty(Napi::PropertyDescriptor::Value(SUPERSLAB_NODE_PROPERTY, holder));
}
