#include "window/blocks.h"

#include "slab/block.h"
#include "window/pin.h"

#include <errno.h>

static superslab_region *region_of(const ss_window *window) {
    return (superslab_region *)(void *)window->space;
}

/* The core accesses the byte relaxed, except in pin_unlink and superslab_window_usable_size: ss_window_fence orders it
 * with the core's state of the block. What the block's last user wrote is handed on with its bit in the slab, or under
 * the space's lock. */
bool ss_window_cede(ss_window *window, uint32_t offset) {
    _Atomic uint8_t *byte = ss_window_byte(window, offset);
    uint8_t seen = atomic_load_explicit(byte, memory_order_relaxed);
    while (seen > SS_LIVE_UNSIZED) {
        if (seen == SS_LIVE_PINNED) {
            if (ss_pin_cede(window, offset))
                return true;
            seen = atomic_load_explicit(byte, memory_order_relaxed);
        } else if (atomic_compare_exchange_weak_explicit(byte, &seen, ss_live_ceded(seen),
                                                         memory_order_relaxed,
                                                         memory_order_relaxed)) {
            return true;
        }
    }
    return seen != 0;
}

/* Makes the caller the owner of a large block that the core has handed it, unless the table names another owner. */
static bool window_claim(ss_window *window, uint32_t offset) {
    uint8_t none;
    do {
        none = 0;
        if (atomic_compare_exchange_strong_explicit(ss_window_byte(window, offset), &none,
                                                    SS_LIVE_LARGE, memory_order_relaxed,
                                                    memory_order_relaxed))
            return true;
    } while (!ss_window_cede(window, offset));
    return false;
}

int64_t ss_window_take(ss_holder *holder, size_t size) {
    ss_window *window = holder->window;
    uint32_t offset;
    for (;;) {
        if (superslab_region_take(region_of(window), size, &offset, 1) == 0)
            return errno == EAGAIN ? SS_API_GROW : SS_API_FULL;
        ss_window_fence();
        if (window_claim(window, offset))
            return offset;
        ss_window_contain(window, 1); /* it has an owner already, see the top of window.h */
    }
}

/* The error of freeing an offset at which no live block starts. */
static superslab_error not_live(const ss_window *window, uint32_t offset) {
    ss_block found;
    ss_block_find(window->base + offset, &found);
    if (found.state == SS_BLOCK_NONE)
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    return found.start == window->base + offset ? SUPERSLAB_ERROR_DOUBLE_FREE
                                                : SUPERSLAB_ERROR_INSIDE_BLOCK;
}

superslab_error ss_window_free_error(const ss_window *window, uint32_t offset) {
    uint8_t seen = atomic_load_explicit(ss_window_byte(window, offset), memory_order_relaxed);
    return offset % SS_ALIGNMENT == 0 && seen != 0 && seen != SS_LIVE_PINNED
               ? SUPERSLAB_OK
               : not_live(window, offset);
}

/* Has the last pin free a block that the table calls pinned. False if its last pin has just gone: then the table's byte
 * says what to do. */
static bool give_pinned(ss_window *window, uint32_t offset, superslab_error *error) {
    const ss_pin_free result = ss_pin_free_later(window, offset);
    *error = result == SS_PIN_TWICE ? SUPERSLAB_ERROR_DOUBLE_FREE : SUPERSLAB_OK;
    return result != SS_PIN_NONE;
}

superslab_error ss_window_give(ss_window *window, uint32_t offset) {
    _Atomic uint8_t *byte = ss_window_byte(window, offset);
    uint8_t seen = atomic_load_explicit(byte, memory_order_relaxed);
    superslab_error error;
    do {
        if (seen == 0 || offset % SS_ALIGNMENT != 0)
            return not_live(window, offset);
        if (seen == SS_LIVE_PINNED) {
            if (give_pinned(window, offset, &error))
                return error;
            seen = atomic_load_explicit(byte, memory_order_relaxed);
            continue;
        }
        /* Of several threads that free the block here at once, one wins the exchange. An isolate that frees it in
         * JavaScript at the same time is found when its magazine is flushed. */
    } while (seen == SS_LIVE_PINNED || seen == 0 ||
             !atomic_compare_exchange_weak_explicit(byte, &seen, 0, memory_order_relaxed,
                                                    memory_order_relaxed));
    ss_window_fence();
    /* The thread that won the exchange has freed the block. If the core has the block already, another thread has freed
     * it a second time. */
    if (superslab_region_give(region_of(window), &offset, 1) != 1)
        ss_window_contain(window, 1);
    return SUPERSLAB_OK;
}

superslab_error ss_window_give_held(ss_holder *holder, uint32_t offset) {
    if (offset >= holder->window->limit)
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    return ss_window_give(holder->window, offset);
}

/* ---- pins ---- */

int ss_window_pin(ss_holder *holder, uint32_t offset) {
    if (offset >= holder->window->limit || offset % SS_ALIGNMENT != 0)
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    const int result = ss_pin_add(holder, offset);
    if (result != SUPERSLAB_ERROR_DOUBLE_FREE)
        return result;
    /* If the block is live by now, another isolate has got it meanwhile, so for this one the error stays. */
    const superslab_error now = ss_window_free_error(holder->window, offset);
    return now == SUPERSLAB_OK ? result : (int)now;
}

superslab_error ss_window_unpin(ss_holder *holder, uint32_t offset) {
    bool give;
    if (offset >= holder->window->limit || !ss_pin_remove(holder, offset, &give))
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    if (give)
        ss_window_give(holder->window, offset);
    return SUPERSLAB_OK;
}

void ss_window_unpin_all(ss_holder *holder) {
    uint32_t list = 0, offset;
    bool give;
    while (ss_pin_remove_next(holder, &list, &offset, &give))
        if (give)
            ss_window_give(holder->window, offset);
}

/* ---- by address ---- */

SUPERSLAB_EXPORT superslab_error superslab_window_free(const void *address) {
    ss_window *window = ss_window_hold((uintptr_t)address);
    if (window == NULL)
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    superslab_error error = ss_window_give(window, (uint32_t)((uintptr_t)address - window->base));
    ss_window_release(window);
    return error;
}

superslab_error ss_window_check(const void *address) {
    ss_window *window = ss_window_hold((uintptr_t)address);
    if (window == NULL)
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    uint32_t offset = (uint32_t)((uintptr_t)address - window->base);
    superslab_error error = ss_window_free_error(window, offset);
    uint8_t byte = atomic_load_explicit(ss_window_byte(window, offset), memory_order_relaxed);
    if (byte == SS_LIVE_PINNED && offset % SS_ALIGNMENT == 0)
        error = SUPERSLAB_OK;
    ss_window_release(window);
    return error;
}

/* The usable size by the table's byte. The core is asked only for the length of a block that it has handed out: one
 * that is free in the core although the table calls it live may become a block of another length at any time. */
static size_t usable_by(ss_window *window, uint32_t offset, uint8_t byte) {
    if (byte == SS_LIVE_PINNED)
        byte = ss_pin_byte(window, offset);
    if (byte == 0 || ss_live_is_unsized(byte))
        return 0;
    return byte <= SS_LIVE_CLASSES ? ss_bin_stride(byte - 1)
                                   : superslab_region_usable_size(region_of(window), offset);
}

SUPERSLAB_EXPORT size_t superslab_window_usable_size(const void *address) {
    ss_window *window = ss_window_hold((uintptr_t)address);
    if (window == NULL)
        return 0;
    uint32_t offset = (uint32_t)((uintptr_t)address - window->base);
    size_t usable = 0;
    if (offset % SS_ALIGNMENT == 0) {
        /* Acquire: the registry's entry, read next, is that of the block which the byte calls live. */
        uint8_t byte = atomic_load_explicit(ss_window_byte(window, offset), memory_order_acquire);
        usable = usable_by(window, offset, byte);
    }
    ss_window_release(window);
    return usable;
}
