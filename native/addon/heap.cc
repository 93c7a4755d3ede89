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

int look_up(uintptr_t address, superslab_inspection *found) {
    heap()->inspect(address, found);
    return heap_misuse(address, *found);
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

int heap_misuse(uintptr_t address, const superslab_inspection &found) {
    switch (found.kind) {
    case SUPERSLAB_ADDRESS_LIVE:
        return 0;
    case SUPERSLAB_ADDRESS_INSIDE:
        return SUPERSLAB_ERROR_INSIDE_BLOCK;
    case SUPERSLAB_ADDRESS_CACHED:
    case SUPERSLAB_ADDRESS_FREE:
        return found.block == address ? SUPERSLAB_ERROR_DOUBLE_FREE : SUPERSLAB_ERROR_INSIDE_BLOCK;
    case SUPERSLAB_ADDRESS_UNUSED:
    case SUPERSLAB_ADDRESS_FOREIGN:
    case SUPERSLAB_ADDRESS_NO_ACCESS:
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    }
    return SUPERSLAB_ERROR_UNKNOWN_POINTER;
}

int heap_free(uintptr_t address) {
    superslab_inspection found;
    if (address == 0)
        return 0;
    if (int error = look_up(address, &found))
        return error;
    Reported reported;
    heap()->free(reinterpret_cast<void *>(address));
    return reported.error;
}

int heap_free_sized(uintptr_t address, size_t size) {
    superslab_inspection found;
    if (address == 0)
        return 0;
    if (int error = look_up(address, &found))
        return error;
    Reported reported;
    heap()->free_sized(reinterpret_cast<void *>(address), size);
    return reported.error;
}

void *heap_realloc(uintptr_t address, size_t size, int *error) {
    superslab_inspection found;
    *error = 0;
    if (address == 0)
        return heap()->malloc(size);
    if ((*error = look_up(address, &found)) != 0)
        return nullptr;
    Reported reported;
    void *block = heap()->realloc(reinterpret_cast<void *>(address), size);
    *error = reported.error;
    return block;
}

size_t heap_usable_size(uintptr_t address, int *error) {
    superslab_inspection found;
    *error = 0;
    if (address == 0)
        return 0;
    *error = look_up(address, &found);
    return *error == 0 ? found.usable_size : 0;
}
