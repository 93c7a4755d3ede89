#include "window/holder.h"

#include "base/meta.h"
#include "front/init.h"
#include "slab/purge.h"
#include "space/dirty.h"
#include "window/blocks.h"
#include "window/magazine.h"
#include "window/pin.h"

static superslab_region *region_of(const ss_window *window) {
    return (superslab_region *)(void *)window->space;
}

/* Takes a window without a holder off the list, and ends it. */
static void window_end(ss_window *window) {
    ss_lock_take(&ss_windows->lock);
    ss_window **at = &ss_windows->all;
    while (*at != window)
        at = &(*at)->next;
    *at = window->next;
    ss_lock_release(&ss_windows->lock);
    ss_pins_end(window);
    ss_meta_give(window, sizeof *window);
}

/* Adds the holder to the window of this memory and returns the window. If there is none, `fresh` becomes the window,
 * busy and without a space. NULL while another thread makes or retires the window. */
static ss_window *window_enter(const ss_api_window *given, ss_holder *holder, ss_window *fresh) {
    ss_lock_take(&ss_windows->lock);
    ss_window *window = ss_window_around((uintptr_t)given->base);
    if (window == NULL) {
        window = fresh;
        window->base = (uintptr_t)given->base;
        window->limit = given->limit & ~(SS_GRANULE_BYTES - 1);
        window->live = (_Atomic uint8_t *)given->live;
        window->busy = ss_os_thread_token();
        window->next = ss_windows->all;
        ss_lock_step();
        ss_windows->all = window;
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
    ss_lock_release(&ss_windows->lock);
    return window;
}

/* V8 reserves addresses without access around a memory of WebAssembly, so that compiled code needs no checks of bounds:
 * 2 GiB before it, and 8 GiB from its start on (kNegativeGuardSize and kFullGuardSize32 in its
 * src/objects/backing-store.cc). gcore would write them as zeroes. Without such guards nothing is left out. */
static void guards_leave_out(const ss_window *window) {
    const uint64_t before = UINT64_C(2) << 30, around = UINT64_C(8) << 30;
    if (sizeof(size_t) < sizeof(uint64_t) || window->base < before || window->limit > around)
        return;
    ss_os_dump_no_guard((void *)(uintptr_t)(window->base - before), (size_t)before);
    ss_os_dump_no_guard((void *)(window->base + window->limit), (size_t)around - window->limit);
}

/* Clears the table first, because the memory may have been a window before, whose last holder left live blocks. */
static bool window_open(ss_window *window, const ss_api_window *given) {
    size_t table = window->limit >> SS_LIVE_SHIFT, page = ss_os_page_bytes();
    if (!ss_os_purge(given->live, table & ~(page - 1)))
        for (size_t i = 0; i < table; i++)
            atomic_store_explicit(&window->live[i], 0, memory_order_relaxed);
    window->space = ss_space_adopt(given->base, given->bytes & ~(SS_GRANULE_BYTES - 1),
                                   window->limit, given->live);
    guards_leave_out(window);
    ss_lock_take(&ss_windows->lock);
    if (window->space != NULL)
        window->busy = 0;
    ss_lock_release(&ss_windows->lock);
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
            ss_lock_wait(spins); /* the other thread makes a few system calls */
    }
    if (window != fresh && fresh != NULL)
        ss_meta_give(fresh, sizeof *fresh);
    if (window != NULL && (window != fresh || window_open(window, given))) {
        superslab_region_grow(region_of(window), given->bytes);
        return holder;
    }
    if (window != NULL)
        window_end(window);
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

void ss_window_leave(ss_holder *holder) {
    ss_window *window = holder->window;
    ss_magazine_drain(holder);
    ss_window_unpin_all(holder);
    ss_lock_take(&ss_windows->lock);
    holder_unlink(holder); /* from here on statistics no longer read its magazines */
    bool last = window->holders == NULL && !window->permanent;
    window->busy = last ? ss_os_thread_token() : 0;
    for (unsigned spins = 0; last && window->visitors != 0; spins++) {
        ss_lock_release(&ss_windows->lock);
        ss_lock_wait(spins); /* visitors stay for one call */
        ss_lock_take(&ss_windows->lock);
    }
    bool idle = !last && window->holders == NULL;
    window->visitors += idle;
    ss_lock_release(&ss_windows->lock);
    ss_meta_give(holder, sizeof *holder);
    if (last) {
        superslab_region_retire(region_of(window));
        window_end(window);
    } else if (idle) { /* a permanent window may never be used again */
        ss_purge_slabs(window->space);
        ss_span_purge(window->space, 0);
        ss_window_release(window);
    }
}

void ss_window_make_permanent(ss_holder *holder) {
    ss_lock_take(&ss_windows->lock);
    holder->window->permanent = true;
    ss_lock_release(&ss_windows->lock);
}

uint32_t ss_window_tag(const ss_holder *holder) {
    return SS_LIVE_TAGGED + holder->tag;
}

size_t ss_window_bytes(const ss_holder *holder) {
    return ss_space_usable_bytes(holder->window->space);
}

void ss_window_grow(ss_holder *holder, size_t bytes) {
    superslab_region_grow(region_of(holder->window), bytes);
}

uint32_t ss_window_stride(unsigned bin) {
    return ss_process_ready() ? ss_bin_stride(bin) : 0;
}
