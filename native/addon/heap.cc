#include "heap.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace {

/* Every environment stores the same value, whichever comes first. */
std::atomic<const superslab_api *> joined{nullptr};

/* Where this thread wants the core's report, or null outside of a call from JavaScript. */
thread_local int *report = nullptr;

void on_error(superslab_error error, const void *pointer, void *) {
    if (report != nullptr) {
        *report = error;
        return;
    }
    /* Native code misused the heap: as without the addon. */
    std::fprintf(stderr, "superslab: %s: %p\n", heap()->error_name(error), pointer);
    std::abort();
}

class Reported {
  public:
    Reported() {
        report = &error;
    }
    ~Reported() {
        report = nullptr;
    }
    Reported(const Reported &) = delete;
    Reported &operator=(const Reported &) = delete;

    int error = 0;
};

void *pointer(uintptr_t address) {
    return reinterpret_cast<void *>(address);
}

/* 0, or the superslab_error that makes `address` no argument for free. What was a live block a moment
 * ago stays safe to free: memory that held a block is never taken out of reach. */
int look_up(uintptr_t address) {
    Reported reported;
    heap()->usable_size(pointer(address));
    return reported.error;
}

} // namespace

const superslab_api *heap_join(ss_api_conflict *conflict) {
    const superslab_api *api = ss_api_join(conflict);
    if (api != nullptr) {
        joined.store(api, std::memory_order_release);
        api->set_error_handler(on_error, nullptr);
    }
    return api;
}

const superslab_api *heap() {
    return joined.load(std::memory_order_acquire);
}

int heap_free(uintptr_t address) {
    if (address == 0)
        return 0;
    if (int error = look_up(address))
        return error;
    Reported reported;
    heap()->free(pointer(address));
    return reported.error;
}

int heap_free_sized(uintptr_t address, size_t size) {
    if (address == 0)
        return 0;
    if (int error = look_up(address))
        return error;
    Reported reported;
    heap()->free_sized(pointer(address), size);
    return reported.error;
}

void *heap_realloc(uintptr_t address, size_t size, int *error) {
    *error = address == 0 ? 0 : look_up(address);
    if (*error != 0)
        return nullptr;
    Reported reported;
    void *block = heap()->realloc(pointer(address), size);
    *error = reported.error;
    return block;
}

size_t heap_usable_size(uintptr_t address, int *error) {
    Reported reported;
    size_t bytes = heap()->usable_size(pointer(address));
    *error = reported.error;
    return bytes;
}
