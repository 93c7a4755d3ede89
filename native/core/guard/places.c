#include "guard/places.h"

#include "base/process.h"
#include "os/os.h"
#include "profile/profile.h"

#include <string.h>

#define PATTERN 0xa7u
/* The place for a block is one of this many of those that were freed longest ago, at random. */
#define OLDEST 4u

typedef struct place {
    /* State, offset in the page and size in one word: see `life`. Release and acquire: a thread that sees the state sees
     * what the thread wrote that set it. */
    _Atomic uint64_t life;
    _Atomic uint64_t order;       /* places with smaller numbers are used first */
    _Atomic uintptr_t changed_by; /* token of the thread that made it MOVING last */
    _Atomic bool reported;        /* a fault at the block was */
    ss_moment allocated, freed;
} place;
_Static_assert(SS_PLACES_USED_BYTES + sizeof(place[SS_PLACES]) < 512 << 10,
               "with what walks of stacks remember less than 1 MB");

ss_places_data ss_places_state;
static SS_SPARSE place places[SS_PLACES];

/* ---- a place ---- */

#define STATE_BITS 2
#define OFFSET_BITS 30

static uint64_t life_of(ss_place_state state, size_t offset, size_t size) {
    return (uint64_t)state | (uint64_t)offset << STATE_BITS |
           (uint64_t)size << (STATE_BITS + OFFSET_BITS);
}

static ss_place_state state_of(uint64_t life) {
    return (ss_place_state)(life & ((1u << STATE_BITS) - 1));
}

static uint64_t with_state(uint64_t life, ss_place_state state) {
    return (life & ~(uint64_t)((1u << STATE_BITS) - 1)) | (uint64_t)state;
}

static uint8_t *page_of(uint32_t index) {
    return (uint8_t *)atomic_load_explicit(&ss_places->base, memory_order_relaxed) +
           (2 * (size_t)index + 1) * ss_places->page;
}

static void view_set(ss_place_view *out, uint32_t index, uint64_t life) {
    const uintptr_t offset = life >> STATE_BITS & ((UINT32_C(1) << OFFSET_BITS) - 1);
    *out = (ss_place_view){index, state_of(life), (uintptr_t)page_of(index) + offset,
                           (size_t)(life >> (STATE_BITS + OFFSET_BITS))};
}

bool ss_place_of_index(uint32_t index, ss_place_view *out) {
    view_set(out, index, atomic_load_explicit(&places[index].life, memory_order_acquire));
    return out->size != 0;
}

/* splitmix64. Relaxed: threads that get the same number do no harm. */
uint32_t ss_places_random(void) {
    uint64_t state = atomic_fetch_add_explicit(&ss_places->random, UINT64_C(0x9e3779b97f4a7c15),
                                               memory_order_relaxed);
    state = (state ^ state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    state = (state ^ state >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(state >> 32);
}

/* ---- looking up ---- */

static size_t page_number(uintptr_t address) {
    return (address - atomic_load_explicit(&ss_places->base, memory_order_relaxed)) /
           ss_places->page;
}

bool ss_place_at(uintptr_t address, ss_place_view *out) {
    const size_t page = page_number(address);
    return page % 2 != 0 && ss_place_of_index((uint32_t)(page / 2), out);
}

static size_t distance(const ss_place_view *view, uintptr_t address) {
    return address < view->start ? view->start - address : address - (view->start + view->size) + 1;
}

bool ss_place_near(uintptr_t address, ss_place_view *out) {
    const size_t page = page_number(address);
    ss_place_view before, behind;
    if (page % 2 != 0)
        return ss_place_at(address, out);
    const bool has_before = page != 0 && ss_place_of_index((uint32_t)(page / 2 - 1), &before);
    const bool has_behind =
        page != 2 * (size_t)SS_PLACES && ss_place_of_index((uint32_t)(page / 2), &behind);
    if (!has_before && !has_behind)
        return false;
    const bool is_behind =
        has_behind && (!has_before || distance(&behind, address) < distance(&before, address));
    *out = is_behind ? behind : before;
    return true;
}

superslab_error ss_place_error(uintptr_t pointer) {
    ss_place_view view;
    if (!ss_place_at(pointer, &view))
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    if (pointer - view.start >= view.size)
        return SUPERSLAB_ERROR_UNKNOWN_POINTER;
    if (view.start != pointer)
        return SUPERSLAB_ERROR_INSIDE_BLOCK;
    return view.state == SS_PLACE_LIVE ? SUPERSLAB_OK : SUPERSLAB_ERROR_DOUBLE_FREE;
}

const ss_moment *ss_place_allocated(uint32_t index) {
    return &places[index].allocated;
}

const ss_moment *ss_place_freed(uint32_t index) {
    return &places[index].freed;
}

bool ss_place_report_begin(uint32_t index) {
    return !atomic_exchange_explicit(&places[index].reported, true, memory_order_relaxed);
}

/* ---- taking ---- */

void ss_moment_take(ss_moment *out, ss_stack *stack) {
    out->time = ss_os_clock_nanoseconds();
    out->thread = ss_os_thread_number();
    out->map_bytes = 0;
    out->count = ss_profile_stack(out->frames, SS_MOMENT_FRAMES, stack, &out->map_bytes);
}

static bool change(place *one, uint64_t life) {
    if (!atomic_compare_exchange_strong_explicit(&one->life, &life,
                                                 with_state(life, SS_PLACE_MOVING),
                                                 memory_order_acquire, memory_order_relaxed))
        return false;
    atomic_store_explicit(&one->changed_by, ss_os_thread_token(), memory_order_relaxed);
    return true;
}

static bool is_free(const place *one) {
    const ss_place_state state = state_of(atomic_load_explicit(&one->life, memory_order_relaxed));
    return state == SS_PLACE_EMPTY || state == SS_PLACE_FREED;
}

/* Relaxed: what it finds is only proposed. */
static uint64_t order_of(const place *one) {
    return atomic_load_explicit(&one->order, memory_order_relaxed);
}

/* Writes the free places that come first, and returns their number. */
static unsigned find_oldest(place *oldest[OLDEST]) {
    unsigned count = 0;
    for (place *one = places; one != places + SS_PLACES; one++) {
        if (!is_free(one))
            continue;
        unsigned at = count < OLDEST ? count++ : OLDEST;
        for (; at != 0 && order_of(one) < order_of(oldest[at - 1]); at--)
            if (at < OLDEST)
                oldest[at] = oldest[at - 1];
        if (at < OLDEST)
            oldest[at] = one;
    }
    return count;
}

/* A free place, which is MOVING then, or NULL. */
static place *find_place(void) {
    enum { TRIES = 4 };
    for (unsigned i = 0; i < TRIES; i++) {
        place *oldest[OLDEST];
        const unsigned count = find_oldest(oldest);
        if (count == 0)
            return NULL;
        place *one = oldest[ss_places_random() % count];
        const uint64_t life = atomic_load_explicit(&one->life, memory_order_relaxed);
        if (state_of(life) != SS_PLACE_LIVE && state_of(life) != SS_PLACE_MOVING &&
            change(one, life))
            return one;
    }
    return NULL;
}

static void place_release(place *one, uint64_t life) {
    atomic_store_explicit(&one->life, life, memory_order_release);
}

static void *fill(place *one, size_t size, size_t alignment, ss_stack *stack) {
    const size_t page = ss_places->page;
    uint8_t *const at = page_of((uint32_t)(one - places));
    const size_t wide = alignment > SS_ALIGNMENT ? alignment : SS_ALIGNMENT;
    const size_t offset = ss_places_random() % 2 != 0 ? (page - size) & ~(wide - 1) : 0;
    memset(at, PATTERN, offset);
    memset(at + offset + size, PATTERN, page - offset - size);
    one->freed.time = 0;
    ss_moment_take(&one->allocated, stack);
    atomic_store_explicit(&one->reported, false, memory_order_relaxed);
    place_release(one, life_of(SS_PLACE_LIVE, offset, size));
    return at + offset;
}

static bool use_begin(void) {
    if (atomic_fetch_add_explicit(&ss_places->used, 1, memory_order_relaxed) < ss_places->used_most)
        return true;
    atomic_fetch_sub_explicit(&ss_places->used, 1, memory_order_relaxed);
    return false;
}

static void use_end(void) {
    atomic_fetch_sub_explicit(&ss_places->used, 1, memory_order_relaxed);
}

void *ss_place_take(size_t size, size_t alignment, ss_stack *stack) {
    if (!use_begin())
        return NULL;
    place *one = find_place();
    if (one != NULL && ss_os_permit(page_of((uint32_t)(one - places)), ss_places->page))
        return fill(one, size, alignment, stack);
    if (one != NULL) {
        const uint64_t life = atomic_load_explicit(&one->life, memory_order_relaxed);
        place_release(one,
                      with_state(life, one->allocated.time == 0 ? SS_PLACE_EMPTY : SS_PLACE_FREED));
    }
    use_end();
    return NULL;
}

/* ---- giving ---- */

/* Whether all bytes are the pattern's: the first one is, and each equals the one before it. */
static bool is_whole(const uint8_t *at, size_t bytes) {
    return bytes == 0 || (at[0] == PATTERN && memcmp(at, at + 1, bytes - 1) == 0);
}

/* The changed byte nearest to the block; NULL if none is. */
static const uint8_t *find_damage(const uint8_t *page, const ss_place_view *view) {
    const uint8_t *const start = (const uint8_t *)view->start, *const end = start + view->size;
    if (is_whole(page, (size_t)(start - page)) &&
        is_whole(end, (size_t)(page + ss_places->page - end)))
        return NULL;
    for (const uint8_t *at = end; at != page + ss_places->page; at++)
        if (*at != PATTERN)
            return at;
    for (const uint8_t *at = start; at != page; at--)
        if (at[-1] != PATTERN)
            return at - 1;
    return NULL;
}

superslab_error ss_place_give(uintptr_t block, ss_stack *stack, uintptr_t *damage) {
    ss_place_view view;
    superslab_error error = ss_place_error(block);
    if (error != SUPERSLAB_OK)
        return error;
    ss_place_at(block, &view);
    place *one = &places[view.index];
    const uint64_t life = life_of(SS_PLACE_LIVE, block - (uintptr_t)page_of(view.index), view.size);
    if (!change(one, life)) /* another thread frees the block at the same moment */
        return SUPERSLAB_ERROR_DOUBLE_FREE;
    uint8_t *const page = page_of(view.index);
    const uint8_t *changed = find_damage(page, &view);
    ss_moment_take(&one->freed, stack);
    ss_os_forbid(page, ss_places->page);
    /* The blocks that were never freed come first: their numbers are smaller. */
    atomic_store_explicit(&one->order,
                          UINT32_MAX + (uint64_t)atomic_fetch_add_explicit(&ss_places->freed, 1,
                                                                           memory_order_relaxed),
                          memory_order_relaxed);
    place_release(one, with_state(life, SS_PLACE_FREED));
    use_end();
    if (changed == NULL)
        return SUPERSLAB_OK;
    *damage = (uintptr_t)changed;
    return *damage < block ? SUPERSLAB_ERROR_UNDERFLOW : SUPERSLAB_ERROR_OVERFLOW;
}

/* ---- beginning, fork ---- */

bool ss_places_begin(void) {
    const size_t page = ss_os_page_bytes(), bytes = (2 * SS_PLACES + 1) * page;
    void *base = ss_os_reserve(bytes, page);
    if (base == NULL)
        return false;
    ss_os_dump(
        base, bytes,
        true); /* guarded blocks are in a core dump; pages without memory take no room there */
    ss_places->page = page;
    ss_places->used_most = SS_PLACES_USED_BYTES / page < SS_PLACES_USED_MOST
                               ? (uint32_t)(SS_PLACES_USED_BYTES / page)
                               : SS_PLACES_USED_MOST;
    atomic_store_explicit(&ss_places->random, ss_os_clock_nanoseconds() ^ (uintptr_t)base,
                          memory_order_relaxed);
    for (uint32_t i = 0; i < SS_PLACES; i++)
        atomic_store_explicit(&places[i].order, ss_places_random(), memory_order_relaxed);
    atomic_store_explicit(&ss_places->base, (uintptr_t)base, memory_order_relaxed);
    atomic_store_explicit(&ss_places->bytes, bytes, memory_order_relaxed);
    ss_count_reserved(bytes);
    ss_count_metadata(sizeof places);
    ss_profile_prepare_stacks();
    return true;
}

void ss_places_inherit(void) {
    uint32_t used = 0;
    for (uint32_t i = 0; i < SS_PLACES; i++) {
        place *one = &places[i];
        /* Relaxed: the child has one thread. */
        const uint64_t life = atomic_load_explicit(&one->life, memory_order_relaxed);
        const bool moving = state_of(life) == SS_PLACE_MOVING;
        const bool is_mine =
            atomic_load_explicit(&one->changed_by, memory_order_relaxed) == ss_os_thread_token();
        used += state_of(life) == SS_PLACE_LIVE || (moving && is_mine);
        if (!moving || is_mine)
            continue;
        ss_os_forbid(page_of(i), ss_places->page);
        place_release(one, with_state(life, SS_PLACE_FREED));
    }
    atomic_store_explicit(&ss_places->used, used, memory_order_relaxed);
}
