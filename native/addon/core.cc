#include "core.h"

#include <sched.h>

namespace {

void *pointer(uintptr_t address) {
    return reinterpret_cast<void *>(address);
}

/* While it lives, no other call from JavaScript uses the address, so the answer of a check stays true. */
class Claim {
  public:
    explicit Claim(uintptr_t address) : taken(&api()->claims[index(address)].taken) {
        while (__atomic_exchange_n(taken, 1, __ATOMIC_ACQUIRE) != 0)
            sched_yield();
    }
    ~Claim() {
        __atomic_store_n(taken, 0, __ATOMIC_RELEASE);
    }
    Claim(const Claim &) = delete;
    Claim &operator=(const Claim &) = delete;

  private:
    static_assert(SS_API_CLAIM_COUNT == 64, "index() gives 6 bits");
    /* Fibonacci hashing: blocks lie at multiples of large powers of two. */
    static size_t index(uintptr_t address) {
        return static_cast<uint64_t>(address) * UINT64_C(0x9e3779b97f4a7c15) >> 58;
    }

    uint32_t *taken;
};

} // namespace

core_answer core_join(ss_api_conflict *conflict) {
    const superslab_api *found = ss_api_join(conflict);
    if (found == nullptr)
        return conflict->abi == SS_API_NOT_LOADED ? CORE_NOT_LOADED : CORE_OTHER_ABI;
    return ss_api_use(found) ? CORE_JOINED : CORE_REFUSED;
}

const superslab_api *api() {
    return ss_api_used();
}

const superslab_functions *core() {
    return api()->functions;
}

superslab_error core_free(uintptr_t address) {
    if (address == 0)
        return SUPERSLAB_OK;
    Claim claim(address);
    superslab_error error = core()->check(pointer(address));
    if (error == SUPERSLAB_OK)
        core()->free(pointer(address));
    return error;
}

superslab_error core_free_sized(uintptr_t address, size_t size) {
    if (address == 0)
        return SUPERSLAB_OK;
    Claim claim(address);
    superslab_error error = core()->check_sized(pointer(address), size);
    if (error == SUPERSLAB_OK)
        core()->free(pointer(address));
    return error;
}

void *core_realloc(uintptr_t address, size_t size, superslab_error *error) {
    Claim claim(address);
    *error = address == 0 ? SUPERSLAB_OK : core()->check(pointer(address));
    return *error == SUPERSLAB_OK ? core()->realloc(pointer(address), size) : nullptr;
}

size_t core_usable_size(uintptr_t address, superslab_error *error) {
    Claim claim(address);
    *error = address == 0 ? SUPERSLAB_OK : core()->check(pointer(address));
    return *error == SUPERSLAB_OK ? core()->usable_size(pointer(address)) : 0;
}
