#include "window.h"

#include "block.h"
#include "meta.h"
#include "purge.h"
#include "span.h"
#include "stats.h"

#include <errno.h>

static superslab_region *region_of(const ss_window *window) {
    return (superslab_region *)(void *)window->space;
}

SS_BEHIND ss_api_claim ss_api_claims[SS_API_CLAIM_COUNT];

/* ---- the list of windows ---- */

static void windows_lock(void) {
    ss_lock_take(&ss_process->windows_lock);
}

static void windows_unlock(void) {
    ss_lock_release(&ss_process->windows_lock);
}

static ss_window *window_around(uintptr_t address) {
    ss_window *window = ss_process->windows;
    while (window != NULL && address - window->base >= window->limit)
        window = window->next;
    return window;
}

static void window_unlink(ss_window *window) {
    windows_lock();
    ss_window **at = &ss_process->windows;
    while (*at != window)
        at = &(*at)->next;
    *at = window->next;
    windows_unlock();
    ss_pins_end(window);
    ss_meta_give(window, sizeof *window);
}

ss_window *ss_window_visit(uintptr_t address) {
    windows_lock();
    ss_window *window = window_around(address);
    if (window != NULL && window->busy)
        window = NULL;
    if (window != NULL)
        window->visitors++;
    windows_unlock();
    return window;
}

/* In a child there are none: this one may have come in the parent, before a signal whose handler forked. */
static void visitor_leave(ss_window *window) {
    if (window->visitors != 0)
        window->visitors--;
}

void ss_window_part(ss_window *window) {
    windows_lock();
    visitor_leave(window);
    windows_unlock();
}

/* ---- join and leave ---- */

/* The window of this memory, with the holder in it, or the fresh one that was passed, busy and without
 * a space. NULL while somebody makes or retires the one there is. */
static ss_window *window_enter(const ss_api_window *given, ss_holder *holder, ss_window *fresh) {
    windows_lock();
    ss_window *window = window_around((uintptr_t)given->base);
    if (window == NULL) {
        window = fresh;
        window->base = (uintptr_t)given->base;
        window->limit = given->limit & ~(SS_GRANULE_BYTES - 1);
        window->live = (_Atomic uint8_t *)given->live;
        window->busy = ss_os_thread_token();
        window->next = ss_process->windows;
        ss_lock_step();
        ss_process->windows = window;
    } else if (window->busy) {
        window = NULL;
    }
    if (window != NULL) {
        uint64_t taken[2] = {0};
        for (const ss_holder *other = window->holders; other != NULL; other = other->next)
            taken[other->tag / 64] |= UINT64_C(1) << (other->tag % 64);
        while (holder->tag + 1 < SS_LIVE_TAGS &&
               (taken[holder->tag / 64] >> (holder->tag % 64) & 1) != 0)
            holder->tag++;
        holder->window = window;
        holder->next = window->holders;
        ss_lock_step();
        window->holders = holder;
    }
    windows_unlock();
    return window;
}

/* The memory may have been a window before, whose last holder left with blocks out. */
static bool window_open(ss_window *window, const ss_api_window *given) {
    size_t table = window->limit >> SS_LIVE_SHIFT, page = ss_os_page_bytes();
    if (!ss_os_purge(given->live, table & ~(page - 1)))
        for (size_t i = 0; i < table; i++)
            atomic_store_explicit(&window->live[i], 0, memory_order_relaxed);
    window->space = ss_space_adopt(given->base, given->bytes & ~(SS_GRANULE_BYTES - 1),
                                   window->limit, given->live);
    windows_lock();
    if (window->space != NULL)
        window->busy = 0;
    windows_unlock();
    return window->space != NULL;
}

static bool is_window(const ss_api_window *given) {
    size_t page = ss_os_page_bytes() - 1;
    return given->base != NULL && given->live != NULL && ((uintptr_t)given->base & page) == 0 &&
           ((uintptr_t)given->live & page) == 0 && given->bytes <= given->limit &&
           given->limit >= SS_GRANULE_BYTES && given->limit <= SS_EXTERNAL_MAX_BYTES;
}

ss_holder *ss_window_join(const ss_api_window *given, uint32_t *magazines) {
    if (!is_window(given)) {
        errno = EINVAL;
        return NULL;
    }
    if (!ss_process_ready())
        return ss_no_memory();
    ss_holder *holder = ss_meta_take(sizeof *holder);
    ss_window *fresh = ss_meta_take(sizeof *fresh), *window = NULL;
    if (holder != NULL && fresh != NULL) {
        holder->magazines = magazines;
        ss_magazine_init(magazines);
        for (unsigned spins = 0; (window = window_enter(given, holder, fresh)) == NULL; spins++)
            ss_lock_wait(spins); /* for as long as a few system calls take */
    }
    if (window != fresh && fresh != NULL)
        ss_meta_give(fresh, sizeof *fresh);
    if (window != NULL && (window != fresh || window_open(window, given))) {
        superslab_region_grow(region_of(window), given->bytes);
        return holder;
    }
    if (window != NULL)
        window_unlink(window);
    if (holder != NULL)
        ss_meta_give(holder, sizeof *holder);
    return ss_no_memory();
}

static void holder_unlink(ss_holder *holder) {
    ss_holder **at = &holder->window->holders;
    while (*at != holder)
        at = &(*at)->next;
    *at = holder->next;
}

static size_t space_purge(ss_space *space) {
    return ss_purge_slabs(space) + ss_span_purge(space, 0);
}

void ss_window_leave(ss_holder *holder) {
    ss_window *window = holder->window;
    ss_magazine_drain(holder);
    ss_pin_remove_all(holder);
    windows_lock();
    holder_unlink(holder); /* from here on statistics no longer read its magazines */
    bool last = window->holders == NULL && !window->lasting;
    window->busy = last ? ss_os_thread_token() : 0;
    for (unsigned spins = 0; last && window->visitors != 0; spins++) {
        windows_unlock();
        ss_lock_wait(spins); /* visitors stay for one call */
        windows_lock();
    }
    bool idle = !last && window->holders == NULL;
    window->visitors += idle;
    windows_unlock();
    ss_meta_give(holder, sizeof *holder);
    if (last) {
        superslab_region_retire(region_of(window));
        window_unlink(window);
    } else if (idle) { /* it lasts, and may never be used again */
        space_purge(window->space);
        ss_window_part(window);
    }
}

void ss_window_last(ss_holder *holder) {
    windows_lock();
    holder->window->lasting = true;
    windows_unlock();
}

uint32_t ss_window_tag(const ss_holder *holder) {
    return SS_LIVE_TAGGED + holder->tag;
}

size_t ss_window_bytes(const ss_holder *holder) {
    /* Acquire: the memory was made usable before. */
    return atomic_load_explicit(&holder->window->space->external_bytes, memory_order_acquire);
}

void ss_window_grow(ss_holder *holder, size_t bytes) {
    superslab_region_grow(region_of(holder->window), bytes);
}

/* ---- blocks ---- */

/* The byte's orders are relaxed here and wherever the core writes it: what the core says of the block comes before,
 * or after, by the fence; what its last user wrote comes with the bit or under the space's lock. */
bool ss_window_cede(ss_window *window, uint32_t offset) {
    _Atomic uint8_t *byte = ss_window_byte(window, offset);
    uint8_t seen = atomic_load_explicit(byte, memory_order_relaxed);
    while (seen > SS_LIVE_CLASSES && seen != SS_LIVE_UNSIZED) {
        if (seen == SS_LIVE_PINNED) {
            if (ss_pin_cede(window, offset))
                return true;
            seen = atomic_load_explicit(byte, memory_order_relaxed);
        } else if (atomic_compare_exchange_weak_explicit(
                       byte, &seen, SS_LIVE_UNSIZED, memory_order_relaxed, memory_order_relaxed)) {
            return true;
        }
    }
    return seen != 0;
}

/* Makes the caller the owner of a large block that the core has handed it, unless the table has one. */
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

/* What freeing the block at an offset would be called that is not live. */
static superslab_error not_live(const ss_window *window, uint32_t offset) {
    ss_block found;
    ss_block_find(window->base + offset, &found);
    if (found.state == SS_BLOCK_NONE)
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    return found.start == window->base + offset ? SUPERSLAB_ERROR_DOUBLE_FREE
                                                : SUPERSLAB_ERROR_INSIDE_BLOCK;
}

superslab_error ss_window_look(const ss_window *window, uint32_t offset) {
    uint8_t seen = atomic_load_explicit(ss_window_byte(window, offset), memory_order_relaxed);
    return offset % SS_ALIGNMENT == 0 && seen != 0 && seen != SS_LIVE_PINNED
               ? SUPERSLAB_OK
               : not_live(window, offset);
}

superslab_error ss_window_give(ss_window *window, uint32_t offset) {
    _Atomic uint8_t *byte = ss_window_byte(window, offset);
    uint8_t seen = atomic_load_explicit(byte, memory_order_relaxed);
    do {
        if (seen == SS_LIVE_PINNED && offset % SS_ALIGNMENT == 0)
            return ss_pin_free_later(window, offset);
        if (seen == 0 || offset % SS_ALIGNMENT != 0)
            return not_live(window, offset);
        /* Of several who free it this way one gets it; one that frees it in JavaScript meanwhile is
         * found when its magazine is flushed. */
    } while (!atomic_compare_exchange_weak_explicit(byte, &seen, 0, memory_order_relaxed,
                                                    memory_order_relaxed));
    ss_window_fence();
    /* Whose exchange won had the block, and has freed it. If the core has it already, that is by the second free
     * of another. */
    if (superslab_region_give(region_of(window), &offset, 1) != 1)
        ss_window_contain(window, 1);
    return SUPERSLAB_OK;
}

superslab_error ss_window_give_held(ss_holder *holder, uint32_t offset) {
    if (offset >= holder->window->limit)
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    return ss_window_give(holder->window, offset);
}

uint32_t ss_window_stride(unsigned bin) {
    return ss_process_ready() ? ss_process->classes[bin].stride : 0;
}

/* ---- by address ---- */

SUPERSLAB_EXPORT superslab_error superslab_window_free(const void *address) {
    ss_window *window = ss_window_visit((uintptr_t)address);
    if (window == NULL)
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    superslab_error error = ss_window_give(window, (uint32_t)((uintptr_t)address - window->base));
    ss_window_part(window);
    return error;
}

superslab_error ss_window_check(const void *address) {
    ss_window *window = ss_window_visit((uintptr_t)address);
    if (window == NULL)
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    uint32_t offset = (uint32_t)((uintptr_t)address - window->base);
    superslab_error error = ss_window_look(window, offset);
    uint8_t byte = atomic_load_explicit(ss_window_byte(window, offset), memory_order_relaxed);
    if (byte == SS_LIVE_PINNED && offset % SS_ALIGNMENT == 0)
        error = SUPERSLAB_OK;
    ss_window_part(window);
    return error;
}

/* By the byte. Of the core's own only what it has handed out tells anything: what is free there, though the table
 * calls it live, may become a block of another length at any time. */
static size_t usable_by(ss_window *window, uint32_t offset, uint8_t byte) {
    if (byte == SS_LIVE_PINNED)
        byte = ss_pin_byte(window, offset);
    if (byte == 0 || byte == SS_LIVE_UNSIZED)
        return 0;
    return byte <= SS_LIVE_CLASSES ? ss_process->classes[byte - 1].stride
                                   : superslab_region_usable_size(region_of(window), offset);
}

SUPERSLAB_EXPORT size_t superslab_window_usable_size(const void *address) {
    ss_window *window = ss_window_visit((uintptr_t)address);
    if (window == NULL)
        return 0;
    uint32_t offset = (uint32_t)((uintptr_t)address - window->base);
    size_t usable = 0;
    if (offset % SS_ALIGNMENT == 0) {
        /* Acquire: the registry says what it said when the byte was written. */
        uint8_t byte = atomic_load_explicit(ss_window_byte(window, offset), memory_order_acquire);
        usable = usable_by(window, offset, byte);
    }
    ss_window_part(window);
    return usable;
}

/* ---- the whole ---- */

/* What magazines hold, with the lock held. */
static void add_cached(const ss_window *window, uint64_t *blocks, uint64_t *bytes) {
    for (const ss_holder *holder = window->holders; holder != NULL; holder = holder->next)
        for (unsigned bin = 0; bin < SS_LIVE_CLASSES; bin++) {
            uint64_t count =
                *(const _Atomic uint32_t *)(holder->magazines + (size_t)bin * SS_MAGAZINE_WORDS);
            *blocks += count;
            *bytes += count * ss_process->classes[bin].stride;
        }
}

void ss_windows_add_cached(superslab_stats *out) {
    windows_lock();
    for (const ss_window *window = ss_process->windows; window != NULL; window = window->next)
        add_cached(window, &out->cached_blocks, &out->cached_bytes);
    windows_unlock();
}

void ss_windows_visit(void (*visit)(ss_space *space, void *context), void *context) {
    windows_lock();
    for (ss_window *window = ss_process->windows; window != NULL; window = window->next) {
        if (window->busy)
            continue;
        window->visitors++; /* stays on the list */
        windows_unlock();
        visit(window->space, context);
        windows_lock();
        visitor_leave(window);
    }
    windows_unlock();
}

static void trim_visit(ss_space *space, void *given) {
    *(size_t *)given += space_purge(space);
}

size_t ss_windows_trim(void) {
    size_t given = 0;
    ss_windows_visit(trim_visit, &given);
    return given;
}

void ss_windows_inherit(void) {
    for (unsigned i = 0; i < SS_API_CLAIM_COUNT; i++)
        /* One that this thread has will be given back as well; there is no other that could take it before. */
        __atomic_store_n(&ss_api_claims[i].taken, 0, __ATOMIC_RELAXED);
    ss_window **at = &ss_process->windows;
    while (*at != NULL) {
        ss_window *window = *at;
        window->visitors = 0;
        if (window->busy != 0 && window->busy != ss_os_thread_token()) {
            *at = window->next; /* its record is lost: the lock of metadata is held */
            ss_space_forget(window->base);
        } else {
            at = &window->next;
        }
    }
}

static void stats_add(ss_window *window, ss_api_window_stats *out) {
    superslab_stats all = {0};
    ss_stats_add_space(window->space, &all);
    out->windows++;
    out->window_bytes += atomic_load_explicit(&window->space->external_bytes, memory_order_relaxed);
    out->limit_bytes += window->limit;
    out->contained += atomic_load_explicit(&window->contained, memory_order_relaxed);
    windows_lock();
    uint64_t blocks = 0, bytes = 0;
    add_cached(window, &blocks, &bytes);
    for (const ss_holder *holder = window->holders; holder != NULL; holder = holder->next)
        out->holders++;
    windows_unlock();
    out->live_blocks += all.live_blocks - (blocks < all.live_blocks ? blocks : all.live_blocks);
    out->live_bytes += all.live_bytes - (bytes < all.live_bytes ? bytes : all.live_bytes);
    out->cached_blocks += blocks;
    out->cached_bytes += bytes;
}

void ss_window_stats(const ss_holder *holder, ss_api_window_stats *out) {
    *out = (ss_api_window_stats){0};
    if (holder != NULL) {
        stats_add(holder->window, out);
        return;
    }
    windows_lock();
    for (ss_window *window = ss_process->windows; window != NULL; window = window->next) {
        if (window->busy)
            continue;
        window->visitors++;
        windows_unlock();
        stats_add(window, out);
        windows_lock();
        visitor_leave(window);
    }
    windows_unlock();
}
