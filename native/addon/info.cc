#include "info.h"

#include "arguments.h"
#include "core.h"

#include <cstddef>
#include <string>

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

namespace {

struct Field {
    const char *name;
    uint64_t superslab_stats::*value;
};

constexpr Field FIELDS[] = {
    {"liveBlocks", &superslab_stats::live_blocks},
    {"liveBytes", &superslab_stats::live_bytes},
    {"cachedBlocks", &superslab_stats::cached_blocks},
    {"cachedBytes", &superslab_stats::cached_bytes},
    {"slabFreeBytes", &superslab_stats::slab_free_bytes},
    {"slabBytes", &superslab_stats::slab_bytes},
    {"largeBytes", &superslab_stats::large_bytes},
    {"dirtyBytes", &superslab_stats::dirty_bytes},
    {"metadataBytes", &superslab_stats::metadata_bytes},
    {"reservedBytes", &superslab_stats::reserved_bytes},
    {"committedBytes", &superslab_stats::committed_bytes},
    {"givenBackBytes", &superslab_stats::given_back_bytes},
    {"slabCount", &superslab_stats::slab_count},
    {"threadCount", &superslab_stats::thread_count},
    {"guardedReads", &superslab_stats::guarded_reads},
    {"foreignFrees", &superslab_stats::foreign_frees},
    {"lostBlocks", &superslab_stats::lost_blocks},
    {"lostBytes", &superslab_stats::lost_bytes},
    {"guardRate", &superslab_stats::guard_rate},
    {"guardSamples", &superslab_stats::guard_samples},
    {"guardedBlocks", &superslab_stats::guarded_blocks},
};
static_assert(sizeof FIELDS / sizeof *FIELDS == sizeof(superslab_stats) / sizeof(uint64_t),
              "a new statistic needs its name here");

Napi::Value stats(const Napi::CallbackInfo &info) {
    superslab_stats stats;
    core()->get_stats(&stats);
    Napi::Object out = Napi::Object::New(info.Env());
    for (const Field &field : FIELDS)
        out.Set(field.name, static_cast<double>(stats.*field.value));
    return out;
}

Napi::Value inspect(const Napi::CallbackInfo &info) {
    uintptr_t address;
    if (!argument_any_address(info.Env(), info[0], &address))
        return {};
    superslab_inspection found;
    core()->inspect(address, &found);
    Napi::Object out = Napi::Object::New(info.Env());
    out.Set("kind", static_cast<double>(found.kind));
    out.Set("block", static_cast<double>(found.block));
    out.Set("usableSize", static_cast<double>(found.usable_size));
    out.Set("stride", static_cast<double>(found.stride));
    out.Set("slab", static_cast<double>(found.slab));
    return out;
}

Napi::Value build_info(const Napi::CallbackInfo &info) {
    Napi::Object out = Napi::Object::New(info.Env());
    out.Set("version", core()->version);
    out.Set("abi", static_cast<double>(core()->abi));
    out.Set("file", api()->file);
    out.Set("ownHeap", api() == ss_api_own());
    out.Set("compiler", COMPILER);
    out.Set("flags", SUPERSLAB_BUILD_FLAGS);
    return out;
}

/* A text of JavaScript's own, see lib/pressure.ts. */
void pressure_note(const Napi::CallbackInfo &info) {
    constexpr size_t END = offsetof(superslab_api, pressure_note) + sizeof api()->pressure_note;
    if (api()->bytes < END)
        return;
    const std::string text = info[0].As<Napi::String>();
    api()->pressure_note(text.data(), text.size());
}

/* Undefined where no limit is known, and if the core is an older copy's. */
Napi::Value pressure(const Napi::CallbackInfo &info) {
    constexpr size_t END = offsetof(superslab_api, pressure) + sizeof api()->pressure;
    ss_api_pressure now;
    if (api()->bytes < END || !api()->pressure(&now))
        return info.Env().Undefined();
    Napi::Object out = Napi::Object::New(info.Env());
    out.Set("usedBytes", static_cast<double>(now.used));
    out.Set("limitBytes", static_cast<double>(now.limit));
    out.Set("near", now.near);
    return out;
}

} // namespace

void info_exports(Napi::Env env, Napi::Object exports) {
    exports.Set("stats", Napi::Function::New<stats>(env, "stats"));
    exports.Set("pressureNote", Napi::Function::New<pressure_note>(env, "pressureNote"));
    exports.Set("pressure", Napi::Function::New<pressure>(env, "pressure"));
    exports.Set("inspect", Napi::Function::New<inspect>(env, "inspect"));
    exports.Set("active", Napi::Boolean::New(env, api()->serves_malloc != 0));
    exports.Set("info", Napi::Function::New<build_info>(env, "info"));
}
