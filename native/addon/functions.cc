#include "functions.h"

#include "heap.h"
#include "superslab_node.h"

#include <atomic>

namespace {

superslab_functions made_from(const superslab_api *api) {
    superslab_functions functions{};
    functions.abi = api->abi;
    functions.bytes = sizeof functions;
    functions.version = api->version;
    functions.malloc = api->malloc;
    functions.calloc = api->calloc;
    functions.realloc = api->realloc;
    functions.aligned_alloc = api->aligned_alloc;
    functions.free = api->free;
    functions.free_sized = api->free_sized;
    functions.usable_size = api->usable_size;
    functions.good_size = api->good_size;
    functions.inspect = api->inspect;
    functions.prewarm = api->prewarm;
    functions.trim = api->trim;
    functions.get_stats = api->get_stats;
    functions.set_error_handler = api->set_error_handler;
    functions.error_name = api->error_name;
    functions.check = api->check;
    functions.check_sized = api->check_sized;
    functions.region_adopt = api->region_adopt;
    functions.region_grow = api->region_grow;
    functions.region_take = api->region_take;
    functions.region_give = api->region_give;
    functions.region_usable_size = api->region_usable_size;
    functions.region_retire = api->region_retire;
    functions.window_usable_size = api->window_usable_size;
    functions.window_free = api->window_free;
    return functions;
}

/* One for the process, never freed: addons keep it beyond the environment that they got it in. */
const superslab_functions *shared() {
    static std::atomic<const superslab_functions *> known{nullptr};
    /* Acquire and release: environments of several threads meet here, and all take the first one's. */
    const superslab_functions *functions = known.load(std::memory_order_acquire);
    if (functions != nullptr)
        return functions;
    const auto *made = new superslab_functions(made_from(heap()));
    if (known.compare_exchange_strong(functions, made, std::memory_order_acq_rel))
        return made;
    delete made;
    return functions;
}

} // namespace

void functions_publish(Napi::Env env) {
    const napi_type_tag tag = SUPERSLAB_NODE_TAG;
    Napi::Object global = env.Global();
    if (global.Has(SUPERSLAB_NODE_PROPERTY))
        return; /* another copy of the package did, with the same heap */
    Napi::Object holder = Napi::Object::New(env);
    void *table = const_cast<superslab_functions *>(shared());
    if (napi_wrap(env, holder, table, nullptr, nullptr, nullptr) != napi_ok ||
        napi_type_tag_object(env, holder, &tag) != napi_ok)
        return;
    global.DefineProperty(Napi::PropertyDescriptor::Value(SUPERSLAB_NODE_PROPERTY, holder));
}
