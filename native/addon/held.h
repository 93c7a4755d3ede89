/* Buffers that are freed when the engine has collected them: lib/window/watch.ts. The engine is told of their bytes, so
 * that it collects in time. A weak reference of Node-API is empty as soon as its object was collected, in the same turn;
 * a WeakRef of JavaScript keeps its object until the end of the turn, and a FinalizationRegistry calls back later. */
#ifndef SUPERSLAB_ADDON_HELD_H
#define SUPERSLAB_ADDON_HELD_H

#include <cstdint>
#include <map>
#include <vector>

#include <node_api.h>

extern "C" {
#include "window/api.h"
}

class Held {
  public:
    /* `live` is the window's table. */
    Held(napi_env env, ss_holder *holder, const uint8_t *live);
    ~Held();
    Held(const Held &) = delete;
    Held &operator=(const Held &) = delete;

    /* The block is freed once `object` is gone. True if the engine has collected since the last sweep. */
    bool add(napi_value object, uint32_t block, size_t size);

    /* Forgets a block that was freed, or that the caller frees. */
    void drop(uint32_t block);

    /* Frees the blocks whose objects are gone, and forgets those that another thread freed. Returns both. A pinned block
     * stays until a sweep, or a call of settle, after its last pin was released. */
    std::vector<uint32_t> sweep();

    /* The same for one block. True if it is no longer held. */
    bool settle(uint32_t block);

  private:
    struct Entry {
        napi_ref object; /* nullptr once it is known to be gone */
        int64_t size;
    };

    bool is_gone(napi_ref object);
    bool try_end(uint32_t block, Entry &entry);
    void release(Entry &entry);
    void canary_renew();

    napi_env env;
    ss_holder *holder;
    const uint8_t *live;
    uint8_t tag, ceded; /* in the table, for a live block of this holder */
    napi_ref canary =
        nullptr; /* to an object without other references: it is gone once the engine has collected */
    /* A std::unordered_map would need a newer libstdc++ than the oldest that is supported. */
    std::map<uint32_t, Entry> entries;
};

#endif
