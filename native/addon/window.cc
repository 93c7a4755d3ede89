#include "window.h"

#include "arguments.h"
#include "core.h"
#include "held.h"
#include "values.h"

#include "os/steer.h"

#include <cstring>

namespace {

/* One isolate's holder of a window. A module that is loaded in a context of vm has a holder of its own. It leaves when the
 * object of its functions is collected, or when the environment ends. */
struct Isolate {
    Isolate(napi_env env, ss_holder *holder, uintptr_t base, size_t limit, const uint8_t *live)
        : env(env), holder(holder), base(base), limit(limit), held(env, holder, live) {}

    napi_env env;
    ss_holder *holder; /* nullptr once it has left */
    uintptr_t base;
    size_t limit;
    /* The buffers of memory, table and magazines, kept as long as this object. References to the views would keep their
     * context, which may be one that is to be collected. */
    napi_ref buffers[3] = {};
    Held held;
};

struct View {
    uintptr_t address = 0;
    size_t length = 0;
};

/* A Uint8Array or a Buffer. The address is 0 if its memory was transferred. */
bool argument_view(napi_env env, napi_value value, const char *name, View *out) {
    napi_typedarray_type type = napi_int8_array;
    void *data = nullptr;
    if (napi_get_typedarray_info(env, value, &type, &out->length, &data, nullptr, nullptr) !=
            napi_ok ||
        type != napi_uint8_array) {
        throw_argument_type(env, name, "a Uint8Array");
        return false;
    }
    out->address = reinterpret_cast<uintptr_t>(data);
    return true;
}

/* ---- the functions of an isolate ---- */

/* The argument as an offset. UINT32_MAX, which no block has, for any value that is not a uint32. */
uint32_t offset_of(napi_env env, napi_value value) {
    double given = -1;
    napi_get_value_double(env, value, &given);
    return given >= 0 && given <= UINT32_MAX && given == static_cast<uint32_t>(given)
               ? static_cast<uint32_t>(given)
               : UINT32_MAX;
}

uint32_t bin_of(napi_env env, napi_value value) {
    uint32_t bin = 0;
    napi_get_value_uint32(env, value, &bin);
    return bin < SS_LIVE_CLASSES ? bin : 0;
}

napi_value refill(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    auto *isolate = static_cast<Isolate *>(given.data());
    return number(env, api()->window_refill(isolate->holder, bin_of(env, given[0])));
}

napi_value flush(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    api()->window_flush(static_cast<Isolate *>(given.data())->holder, bin_of(env, given[0]));
    return nullptr;
}

napi_value drain(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    api()->window_drain(static_cast<Isolate *>(given.data())->holder);
    return nullptr;
}

napi_value take(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    auto *isolate = static_cast<Isolate *>(given.data());
    double size = 0;
    napi_get_value_double(env, given[0], &size);
    if (!(size <= static_cast<double>(isolate->limit)))
        return number(env, SS_API_FULL);
    return number(env, api()->window_take(isolate->holder, static_cast<size_t>(size)));
}

napi_value give(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    auto *isolate = static_cast<Isolate *>(given.data());
    return number(env, -api()->window_give(isolate->holder, offset_of(env, given[0])));
}

napi_value pin(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    auto *isolate = static_cast<Isolate *>(given.data());
    return number(env, -api()->window_pin(isolate->holder, offset_of(env, given[0])));
}

napi_value unpin(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    auto *isolate = static_cast<Isolate *>(given.data());
    return number(env, -api()->window_unpin(isolate->holder, offset_of(env, given[0])));
}

napi_value check(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    auto *isolate = static_cast<Isolate *>(given.data());
    uintptr_t address = isolate->base + offset_of(env, given[0]);
    return number(env, -api()->window_check(reinterpret_cast<void *>(address)));
}

napi_value usable_size(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    auto *isolate = static_cast<Isolate *>(given.data());
    uintptr_t address = isolate->base + offset_of(env, given[0]);
    return number(env, core()->window_usable_size(reinterpret_cast<void *>(address)));
}

/* The offset of a view's first byte, or -1 when it lies elsewhere. */
napi_value offset(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    auto *isolate = static_cast<Isolate *>(given.data());
    View view;
    if (!argument_view(env, given[0], "buffer", &view))
        return nullptr;
    uintptr_t distance = view.address - isolate->base;
    return number(env, distance < isolate->limit ? static_cast<double>(distance) : -1);
}

napi_value grow(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    auto *isolate = static_cast<Isolate *>(given.data());
    double bytes = 0;
    napi_get_value_double(env, given[0], &bytes);
    if (bytes > 0 && bytes <= static_cast<double>(isolate->limit))
        api()->window_grow(isolate->holder, static_cast<size_t>(bytes));
    return nullptr;
}

napi_value bytes(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    return number(env, static_cast<double>(
                           api()->window_bytes(static_cast<Isolate *>(given.data())->holder)));
}

/* hold(object, block, bytes): the block is freed once the object was collected. True if a sweep is due. */
napi_value hold(napi_env env, napi_callback_info info) {
    Arguments<3> given(env, info);
    auto *isolate = static_cast<Isolate *>(given.data());
    uint32_t block = offset_of(env, given[1]);
    double size = 0;
    napi_get_value_double(env, given[2], &size);
    bool due = block < isolate->limit && size >= 0 && size <= static_cast<double>(isolate->limit) &&
               isolate->held.add(given[0], block, static_cast<size_t>(size));
    return boolean(env, due);
}

napi_value drop(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    static_cast<Isolate *>(given.data())->held.drop(offset_of(env, given[0]));
    return nullptr;
}

/* Returns the blocks that are no longer held. */
napi_value sweep(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    const auto ended = static_cast<Isolate *>(given.data())->held.sweep();
    napi_value out = nullptr;
    napi_create_array_with_length(env, ended.size(), &out);
    for (uint32_t i = 0; i < ended.size(); i++)
        napi_set_element(env, out, i, number(env, ended[i]));
    return out;
}

napi_value settle(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    auto *isolate = static_cast<Isolate *>(given.data());
    return boolean(env, isolate->held.settle(offset_of(env, given[0])));
}

napi_value keep(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    api()->window_make_permanent(static_cast<Isolate *>(given.data())->holder);
    return nullptr;
}

napi_value stats_object(napi_env env, const ss_holder *holder) {
    ss_api_window_stats stats;
    api()->window_stats(holder, &stats);
    const struct {
        const char *name;
        uint64_t value;
    } fields[] = {
        {"windows", stats.windows},
        {"isolates", stats.holders},
        {"windowBytes", stats.window_bytes},
        {"limitBytes", stats.limit_bytes},
        {"liveBlocks", stats.live_blocks},
        {"liveBytes", stats.live_bytes},
        {"cachedBlocks", stats.cached_blocks},
        {"cachedBytes", stats.cached_bytes},
        {"contained", stats.contained},
    };
    napi_value out = nullptr;
    napi_create_object(env, &out);
    for (const auto &field : fields)
        napi_set_named_property(env, out, field.name,
                                number(env, static_cast<double>(field.value)));
    return out;
}

napi_value own_stats(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    return stats_object(env, static_cast<Isolate *>(given.data())->holder);
}

constexpr Function FUNCTIONS[] = {
    {"refill", refill}, {"flush", flush},     {"drain", drain},
    {"take", take},     {"give", give},       {"pin", pin},
    {"unpin", unpin},   {"check", check},     {"usableSize", usable_size},
    {"offset", offset}, {"grow", grow},       {"keep", keep},
    {"bytes", bytes},   {"stats", own_stats}, {"hold", hold},
    {"drop", drop},     {"sweep", sweep},     {"settle", settle},
};

/* ---- joining ---- */

/* Runs on the isolate's thread, after its last JavaScript and before its memory goes. */
void leave(void *data) {
    auto *isolate = static_cast<Isolate *>(data);
    api()->window_leave(isolate->holder);
    isolate->holder = nullptr;
}

/* The object of the functions was collected with its context, or the environment ends and `leave` has run. */
void finalize(napi_env env, void *data, void *) {
    auto *isolate = static_cast<Isolate *>(data);
    if (isolate->holder != nullptr) {
        napi_remove_env_cleanup_hook(env, leave, isolate);
        isolate->held.sweep(); /* frees what it holds and was collected */
        leave(isolate);
    }
    for (napi_ref buffer : isolate->buffers)
        if (buffer != nullptr)
            napi_delete_reference(env, buffer);
    delete isolate;
}

/* windowJoin(memory, table, magazines, limit): views of all bytes that are usable now. Undefined when the core has no
 * memory for another window. */
napi_value join(napi_env env, napi_callback_info info) {
    Arguments<4> given(env, info);
    View memory, table;
    size_t limit, words = 0;
    void *magazines = nullptr;
    napi_typedarray_type type = napi_int8_array;
    if (!argument_view(env, given[0], "memory", &memory) ||
        !argument_view(env, given[1], "table", &table) ||
        !argument_size(env, given[3], "limit", &limit))
        return nullptr;
    napi_get_typedarray_info(env, given[2], &type, &words, &magazines, nullptr, nullptr);
    if (type != napi_uint32_array || words != SS_LIVE_CLASSES * SS_MAGAZINE_WORDS ||
        table.length < limit >> WINDOW_STEP_SHIFT) {
        throw_argument_range(env, "magazines", "as long as all magazines, and the table the limit");
        return nullptr;
    }
    ss_api_window window = {reinterpret_cast<void *>(memory.address), memory.length, limit,
                            reinterpret_cast<uint8_t *>(table.address)};
    ss_holder *holder = api()->window_join(&window, static_cast<uint32_t *>(magazines));
    if (holder == nullptr)
        return nullptr;
    auto *isolate = new Isolate(env, holder, memory.address, limit, window.live);
    for (size_t i = 0; i < 3; i++) {
        napi_value buffer = nullptr;
        napi_get_typedarray_info(env, given[i], nullptr, nullptr, nullptr, &buffer, nullptr);
        napi_create_reference(env, buffer, 1, &isolate->buffers[i]);
    }
    napi_add_env_cleanup_hook(env, leave, isolate);
    napi_value out = nullptr;
    napi_create_object(env, &out);
    napi_add_finalizer(env, out, isolate, finalize, nullptr, nullptr);
    functions_set(env, out, FUNCTIONS, isolate);
    napi_set_named_property(env, out, "base", number(env, static_cast<double>(memory.address)));
    const uint32_t tag = api()->window_tag(holder);
    napi_set_named_property(env, out, "tag", number(env, tag));
    napi_set_named_property(env, out, "ceded", number(env, ss_live_ceded(tag)));
    return out;
}

/* ---- views of any window ---- */

napi_value view_free(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    View view;
    if (!argument_view(env, given[0], "buffer", &view))
        return nullptr;
    return number(env, -core()->window_free(reinterpret_cast<void *>(view.address)));
}

napi_value view_check(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    View view;
    if (!argument_view(env, given[0], "buffer", &view))
        return nullptr;
    return number(env, -api()->window_check(reinterpret_cast<void *>(view.address)));
}

napi_value view_usable_size(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    View view;
    if (!argument_view(env, given[0], "buffer", &view))
        return nullptr;
    return number(env, static_cast<double>(
                           core()->window_usable_size(reinterpret_cast<void *>(view.address))));
}

napi_value view_address(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    View view;
    if (!argument_view(env, given[0], "buffer", &view))
        return nullptr;
    return number(env, static_cast<double>(view.address));
}

napi_value view_fill(napi_env env, napi_callback_info info) {
    Arguments<2> given(env, info);
    View view;
    uint32_t byte = 0;
    napi_get_value_uint32(env, given[1], &byte);
    if (argument_view(env, given[0], "buffer", &view))
        std::memset(reinterpret_cast<void *>(view.address), static_cast<int>(byte), view.length);
    return nullptr;
}

napi_value view_set(napi_env env, napi_callback_info info) {
    Arguments<3> given(env, info);
    View view, source;
    size_t offset;
    if (!argument_view(env, given[0], "buffer", &view) ||
        !argument_view(env, given[1], "source", &source) ||
        !argument_size(env, given[2], "offset", &offset))
        return nullptr;
    if (offset > view.length || source.length > view.length - offset) {
        throw_argument_range(env, "offset", "one that leaves room for the source");
        return nullptr;
    }
    std::memmove(reinterpret_cast<void *>(view.address + offset),
                 reinterpret_cast<void *>(source.address), source.length);
    return nullptr;
}

napi_value stats(napi_env env, napi_callback_info) {
    return stats_object(env, nullptr);
}

/* Bytes of addresses that the system lets the process have. */
napi_value address_limit(napi_env env, napi_callback_info) {
    return number(env, static_cast<double>(api()->address_limit()));
}

napi_value reservations_are_expensive(napi_env env, napi_callback_info) {
    return boolean(env, ss_os_reservations_are_expensive());
}

/* Returns what the function returns. The memory of `least` to `most` bytes for which it has the engine ask the system
 * lies at a random place. */
napi_value steered(napi_env env, napi_callback_info info) {
    Arguments<4> given(env, info);
    size_t least, most;
    bool has_margins = false;
    if (!argument_size(env, given[0], "least", &least) ||
        !argument_size(env, given[1], "most", &most))
        return nullptr;
    napi_get_value_bool(env, given[2], &has_margins);
    napi_value none = nullptr, result = nullptr;
    napi_get_undefined(env, &none);
    ss_os_steering steering;
    ss_os_steer_begin(&steering, least, most);
    const bool made = napi_call_function(env, none, given[3], 0, nullptr, &result) == napi_ok;
    ss_os_steer_end(&steering, made && has_margins);
    return result;
}

/* ---- constants of JavaScript's hot paths ---- */

/* The bytes that a block of each class holds. The core knows them once a window was joined. */
napi_value strides(napi_env env, napi_callback_info) {
    napi_value out = nullptr;
    napi_create_array(env, &out);
    for (uint32_t bin = 0; bin < SS_LIVE_CLASSES; bin++)
        napi_set_element(env, out, bin, number(env, api()->window_stride(bin)));
    return out;
}

/* The constants of api.h, with which lib/window/layout.ts compares its own. */
napi_value layout(napi_env env) {
    static constexpr struct {
        const char *name;
        double value;
    } constants[] = {
        {"stepShift", WINDOW_STEP_SHIFT},   {"lastClass", SS_LIVE_CLASSES},
        {"unsized", SS_LIVE_UNSIZED},       {"large", SS_LIVE_LARGE},
        {"pinned", SS_LIVE_PINNED},         {"magazineWords", SS_MAGAZINE_WORDS},
        {"magazineHead", SS_MAGAZINE_HEAD}, {"mustGrow", SS_API_GROW},
    };
    napi_value out = nullptr;
    napi_create_object(env, &out);
    for (const auto &[name, value] : constants)
        napi_set_named_property(env, out, name, number(env, value));
    return out;
}

} // namespace

void window_exports(Napi::Env env, Napi::Object exports) {
    static constexpr Function functions[] = {
        {"windowJoin", join},
        {"windowStats", stats},
        {"windowStrides", strides},
        {"addressLimit", address_limit},
        {"steered", steered},
        {"reservationsAreExpensive", reservations_are_expensive},
        {"viewFree", view_free},
        {"viewCheck", view_check},
        {"viewUsableSize", view_usable_size},
        {"viewAddress", view_address},
        {"viewFill", view_fill},
        {"viewSet", view_set},
    };
    functions_set(env, exports, functions);
    napi_set_named_property(env, exports, "windowLayout", layout(env));
}
