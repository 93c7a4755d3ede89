#include "bench.h"

#include "arguments.h"
#include "core.h"

#include <cinttypes>
#include <cstdio>

extern "C" {
#include "workload.h"
}

namespace {

/* Finds the argument by its name. The buffer is far longer than the longest name in native/bench. */
template <typename T>
bool argument_named(napi_env env, napi_value value, const char *name, const char *expected,
                    T *(*find)(const char *), T **out) {
    char text[64];
    size_t length = 0;
    if (napi_get_value_string_utf8(env, value, text, sizeof text, &length) != napi_ok) {
        throw_argument_type(env, name, "a string");
        return false;
    }
    *out = find(text);
    if (*out == nullptr) {
        throw_argument_range(env, name, expected);
        return false;
    }
    return true;
}

Napi::Object describe(Napi::Env env, const bench_workload &workload) {
    Napi::Object out = Napi::Object::New(env);
    out.Set("name", workload.name);
    out.Set("summary", workload.summary);
    out.Set("threads", static_cast<double>(workload.defaults.threads));
    out.Set("ops", static_cast<double>(workload.defaults.ops));
    out.Set("sizeMin", static_cast<double>(workload.defaults.size_min));
    out.Set("sizeMax", static_cast<double>(workload.defaults.size_max));
    out.Set("slots", static_cast<double>(workload.defaults.slots));
    out.Set("seed", static_cast<double>(workload.defaults.seed));
    return out;
}

Napi::Value workloads(const Napi::CallbackInfo &info) {
    Napi::Array out = Napi::Array::New(info.Env());
    uint32_t index = 0;
    for (const bench_workload *workload = bench_workloads; workload->name != nullptr; workload++)
        out.Set(index++, describe(info.Env(), *workload));
    return out;
}

/* For superslab, the functions of the core that was joined, not those of this addon's own copy. */
bench_allocator in_process(const bench_allocator &named) {
    if (named.malloc != superslab_malloc)
        return named;
    const superslab_functions *joined = core();
    return {named.name,      joined->malloc,        joined->calloc,
            joined->realloc, joined->aligned_alloc, joined->free};
}

/* ---- on libuv's pool ---- */

struct pool_work {
    void (*run)(void *member);
    void *member;
    napi_async_work work;
};

void pool_execute(napi_env env, void *data) {
    (void)env;
    auto *one = static_cast<pool_work *>(data);
    one->run(one->member);
}

void pool_complete(napi_env env, napi_status status, void *data) {
    (void)status;
    auto *one = static_cast<pool_work *>(data);
    napi_delete_async_work(env, one->work);
    delete one;
}

bool pool_start(void *context, void (*run)(void *member), void *member) {
    auto env = static_cast<napi_env>(context);
    auto *one = new pool_work{run, member, nullptr};
    napi_value name;
    if (napi_create_string_utf8(env, "superslab", NAPI_AUTO_LENGTH, &name) == napi_ok &&
        napi_create_async_work(env, nullptr, name, pool_execute, pool_complete, one, &one->work) ==
            napi_ok) {
        if (napi_queue_async_work(env, one->work) == napi_ok)
            return true;
        napi_delete_async_work(env, one->work);
    }
    delete one;
    return false;
}

/* run(workload, allocator, threads, ops, sizeMin, sizeMax, slots, seed, pool) */
Napi::Value run(const Napi::CallbackInfo &info) {
    Napi::Env env = info.Env();
    const bench_workload *workload;
    const bench_allocator *named;
    uint64_t threads;
    if (!argument_named(env, info[0], "workload", "the name of a workload", bench_workload_find,
                        &workload) ||
        !argument_named(env, info[1], "allocator", "the name of an allocator", bench_allocator_find,
                        &named))
        return {};
    bench_params params = workload->defaults;
    if (!argument_integer(env, info[2], "threads", &threads) ||
        !argument_integer(env, info[3], "ops", &params.ops) ||
        !argument_size(env, info[4], "sizeMin", &params.size_min) ||
        !argument_size(env, info[5], "sizeMax", &params.size_max) ||
        !argument_size(env, info[6], "slots", &params.slots) ||
        !argument_integer(env, info[7], "seed", &params.seed))
        return {};
    bool pool = false;
    if (napi_get_value_bool(env, info[8], &pool) == napi_ok && pool) {
        params.start = pool_start;
        params.start_context = static_cast<napi_env>(env);
    }
    params.threads =
        threads > BENCH_THREADS_MAX ? BENCH_THREADS_MAX + 1u : static_cast<unsigned>(threads);
    if (const char *problem = bench_params_problem(workload, &params)) {
        napi_throw_range_error(env, "ERR_OUT_OF_RANGE", problem);
        return {};
    }

    bench_allocator allocator = in_process(*named);
    bench_result result = workload->run(&allocator, &params);
    char checksum[17];
    std::snprintf(checksum, sizeof checksum, "%016" PRIx64, result.checksum);
    Napi::Object out = Napi::Object::New(env);
    out.Set("seconds", result.seconds);
    out.Set("ops", static_cast<double>(result.ops));
    out.Set("checksum", checksum);
    if (result.error != nullptr)
        out.Set("error", result.error);
    if (result.memory.idle_rss != 0) {
        out.Set("peakLiveBytes", static_cast<double>(result.memory.peak_live));
        out.Set("liveBytes", static_cast<double>(result.memory.live));
        out.Set("idleRssBytes", static_cast<double>(result.memory.idle_rss));
        out.Set("freedRssBytes", static_cast<double>(result.memory.freed_rss));
    }
    return out;
}

} // namespace

void bench_exports(Napi::Env env, Napi::Object exports) {
    exports.Set("benchWorkloads", Napi::Function::New<workloads>(env, "benchWorkloads"));
    exports.Set("benchRun", Napi::Function::New<run>(env, "benchRun"));
}
