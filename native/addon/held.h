/* Buffers that are freed when the engine has collected them: lib/window/watch.ts. The engine is told of their bytes, so
 * that it collects in time. A weak reference of Node-API says that an object was collected as soon as it was, within
 * the same turn; a WeakRef of JavaScript keeps its object for the turn, and a FinalizationRegistry calls back later. */
#ifndef SUPERSLAB_ADDON_HELD_H
#define SUPERSLAB_ADDON_HELD_H

#include <cstdint>
#include <map>
#include <vector>

#include <node_api.h>

extern "C" {
#include "api.h"
}

class Held {
  public:
    /* `live` is the window's table, of which `holder` has its tag. */
    Held(napi_env env, ss_holder *holder, const uint8_t *live);
    ~Held();
    Held(const Held &) = delete;
    Held &operator=(const Held &) = delete;

    /* The block is freed once `object` is gone. True if the engine has collected since the last sweep. */
    bool add(napi_value object, uint32_t block, size_t size);

    /* The block was freed, or is the caller's to free. */
    void drop(uint32_t block);

    /* Frees the blocks of objects that are gone, and forgets those that another thread freed; the blocks of both. One
     * that is pinned waits for a sweep, or a settling, after its pin has gone. */
    std::vector<uint32_t> sweep();

    /* The same for one block, if its object is gone. True if it is no longer held. */
    bool settle(uint32_t block);

  private:
    struct Entry {
        napi_ref object; /* nullptr: it is gone */
        int64_t size;
    };

    bool is_gone(napi_ref object);
    bool try_end(uint32_t block, Entry &entry);
    void release(Entry &entry);
    void canary_renew();

    napi_env env;
    ss_holder *holder;
    const uint8_t *live;
    uint8_t tag;
    napi_ref canary = nullptr; /* to an object that nothing else refers to */
    /* No unordered_map: the array of that one asks for a newer libstdc++ than the oldest there is. */
    std::map<uint32_t, Entry> entries;
};

#endif
