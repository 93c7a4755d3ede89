#include "profile.h"

#include "arguments.h"
#include "core.h"
#include "values.h"

#include <cstdint>

#include <fcntl.h>

namespace {

/* The core may be that of another copy, loaded earlier, whose table ends before these functions. */
bool core_profiles() {
    return core()->bytes >= sizeof(superslab_functions) && api()->bytes >= sizeof(superslab_api);
}

napi_value result(napi_env env, superslab_profile_error error) {
    return number(env, error);
}

/* profileStart(mean): 0, or a superslab_profile_error. */
napi_value start(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    size_t mean;
    if (!argument_size(env, given[0], "mean", &mean))
        return nullptr;
    return result(env,
                  core_profiles() ? core()->profile_start(mean) : SUPERSLAB_PROFILE_UNAVAILABLE);
}

napi_value stop(napi_env env, napi_callback_info) {
    return result(env, core_profiles() ? core()->profile_stop() : SUPERSLAB_PROFILE_UNAVAILABLE);
}

napi_value running(napi_env env, napi_callback_info) {
    return boolean(env, core_profiles() && core()->profile_is_running() != 0);
}

/* profileWrite(descriptor): 0, or a superslab_profile_error. */
napi_value write(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    size_t descriptor;
    if (!argument_size(env, given[0], "descriptor", &descriptor))
        return nullptr;
    return result(env, core_profiles() ? core()->profile_write(static_cast<int>(descriptor))
                                       : SUPERSLAB_PROFILE_UNAVAILABLE);
}

/* profileLabel(text): its number, 0 without room. */
napi_value label(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    char text[256];
    size_t length = 0;
    if (napi_get_value_string_utf8(env, given[0], text, sizeof text, &length) != napi_ok) {
        throw_argument_type(env, "label", "a string");
        return nullptr;
    }
    return number(env, core_profiles() ? core()->profile_label(text) : 0);
}

/* profileSetLabel(number): the one before. */
napi_value set_label(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    uint32_t number_now = 0;
    napi_get_value_uint32(env, given[0], &number_now);
    return number(env, core_profiles() ? core()->profile_set_label(number_now) : 0);
}

napi_value error_name(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    uint32_t error = 0;
    napi_value text = nullptr;
    napi_get_value_uint32(env, given[0], &error);
    napi_create_string_utf8(
        env,
        core_profiles() ? core()->profile_error_name(static_cast<superslab_profile_error>(error))
                        : "the process is served by an older superslab",
        NAPI_AUTO_LENGTH, &text);
    return text;
}

/* profileDistance(): the bytes that JavaScript hands out before its next sample; Infinity while no profile runs. */
napi_value distance(napi_env env, napi_callback_info info) {
    static thread_local uint64_t state;
    (void)info;
    const int64_t bytes = core_profiles() ? api()->profile_distance(&state) : INT64_MAX;
    return number(env, bytes == INT64_MAX ? __builtin_huge_val() : static_cast<double>(bytes));
}

/* profileSampled(address, size, stride): the block in which that distance ends. */
napi_value sampled(napi_env env, napi_callback_info info) {
    Arguments<3> given(env, info);
    uintptr_t address;
    size_t size, stride;
    if (argument_address(env, given[0], &address) && argument_size(env, given[1], "size", &size) &&
        argument_size(env, given[2], "stride", &stride) && core_profiles())
        api()->profile_sampled(reinterpret_cast<void *>(address), size, stride);
    return nullptr;
}

/* profileFreed(address): such a block is about to be freed. */
napi_value freed(napi_env env, napi_callback_info info) {
    Arguments<1> given(env, info);
    uintptr_t address;
    if (argument_address(env, given[0], &address) && core_profiles())
        api()->profile_freed(reinterpret_cast<void *>(address));
    return nullptr;
}

/* profileLock(descriptor, start, count): a lock on bytes of another process's page, which asks it for a profile
 * (background/control.h). It ends when the descriptor is closed. False if the system refuses. A count of 0 ends all locks
 * from `start` on, as far as 2^40 bytes. */
napi_value lock(napi_env env, napi_callback_info info) {
    Arguments<3> given(env, info);
    size_t descriptor, start, count;
    if (!argument_size(env, given[0], "descriptor", &descriptor) ||
        !argument_size(env, given[1], "start", &start) ||
        !argument_size(env, given[2], "count", &count))
        return nullptr;
#ifdef F_OFD_SETLK
    struct flock range = {};
    range.l_type = count != 0 ? F_RDLCK : F_UNLCK;
    range.l_whence = SEEK_SET;
    range.l_start = static_cast<off_t>(start);
    range.l_len = static_cast<off_t>(count != 0 ? count : size_t{1} << 40);
    return boolean(env, fcntl(static_cast<int>(descriptor), F_OFD_SETLK, &range) == 0);
#else
    return boolean(env, false);
#endif
}

constexpr Function FUNCTIONS[] = {
    {"profileStart", start},          {"profileStop", stop},         {"profileRunning", running},
    {"profileWrite", write},          {"profileLabel", label},       {"profileSetLabel", set_label},
    {"profileErrorName", error_name}, {"profileDistance", distance}, {"profileSampled", sampled},
    {"profileFreed", freed},          {"profileLock", lock},
};

} // namespace

void profile_exports(Napi::Env env, Napi::Object exports) {
    functions_set(env, exports, FUNCTIONS);
}
