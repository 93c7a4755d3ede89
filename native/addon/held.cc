#include "held.h"

#include "core.h"

Held::Held(napi_env env, ss_holder *holder, const uint8_t *live)
    : env(env), holder(holder), live(live), tag(static_cast<uint8_t>(api()->window_tag(holder))),
      ceded(ss_live_ceded(tag) == SS_LIVE_UNSIZED ? tag : ss_live_ceded(tag)) {}

Held::~Held() {
    for (auto &[block, entry] : entries)
        release(entry);
    if (canary != nullptr)
        napi_delete_reference(env, canary);
}

bool Held::is_gone(napi_ref object) {
    napi_handle_scope scope = nullptr;
    napi_value value = nullptr;
    napi_open_handle_scope(env, &scope);
    napi_get_reference_value(env, object, &value);
    napi_close_handle_scope(env, scope);
    return value == nullptr;
}

void Held::release(Entry &entry) {
    int64_t all = 0;
    if (entry.object != nullptr)
        napi_delete_reference(env, entry.object);
    napi_adjust_external_memory(env, -entry.size, &all);
}

void Held::canary_renew() {
    napi_handle_scope scope = nullptr;
    napi_value object = nullptr;
    if (canary != nullptr)
        napi_delete_reference(env, canary);
    canary = nullptr;
    napi_open_handle_scope(env, &scope);
    if (napi_create_object(env, &object) == napi_ok)
        napi_create_reference(env, object, 0, &canary);
    napi_close_handle_scope(env, scope);
}

bool Held::add(napi_value object, uint32_t block, size_t size) {
    Entry entry{nullptr, static_cast<int64_t>(size)};
    drop(block); /* an entry that is still there is of a block that another thread freed */
    if (napi_create_reference(env, object, 0, &entry.object) != napi_ok)
        return false;
    entries.emplace(block, entry);
    int64_t all = 0;
    napi_adjust_external_memory(env, entry.size, &all);
    if (canary == nullptr)
        canary_renew();
    return canary != nullptr && is_gone(canary);
}

void Held::drop(uint32_t block) {
    auto found = entries.find(block);
    if (found == entries.end())
        return;
    release(found->second);
    entries.erase(found);
}

/* For an entry whose object is gone. False while the block is pinned. A block without this holder's tag in the table was
 * freed by another thread. One of a holder whose tag is not among the first, and whose length the core no longer knows
 * after another thread's second free, is not freed: its byte could be that of another thread's block. */
bool Held::try_end(uint32_t block, Entry &entry) {
    const uint8_t kind = __atomic_load_n(&live[block >> WINDOW_STEP_SHIFT], __ATOMIC_ACQUIRE);
    if (kind == SS_LIVE_PINNED) {
        if (entry.object != nullptr)
            napi_delete_reference(env, entry.object);
        entry.object = nullptr;
        return false;
    }
    if (kind == tag || kind == ceded)
        api()->window_give(holder, block);
    release(entry);
    return true;
}

std::vector<uint32_t> Held::sweep() {
    std::vector<uint32_t> ended;
    canary_renew();
    for (auto at = entries.begin(); at != entries.end();) {
        auto &[block, entry] = *at;
        if ((entry.object == nullptr || is_gone(entry.object)) && try_end(block, entry)) {
            ended.push_back(block);
            at = entries.erase(at);
        } else {
            ++at;
        }
    }
    return ended;
}

bool Held::settle(uint32_t block) {
    auto found = entries.find(block);
    if (found == entries.end() || found->second.object != nullptr || !try_end(block, found->second))
        return false;
    entries.erase(found);
    return true;
}
