#include "span.h"

/* ---- masks of one SuperSlab ---- */

#define ALL UINT32_MAX

static uint32_t mask_of(uint32_t first, uint32_t count) {
    return (count == SS_SUPERSLAB_GRANULES ? ALL : (UINT32_C(1) << count) - 1) << first;
}

static uint32_t longest_run(uint32_t free) {
    uint32_t length = 0;
    for (; free != 0; length++)
        free &= free << 1;
    return length;
}

/* The start of the shortest run of ones that has `count`, which the caller knows to be there. */
static uint32_t best_run(uint32_t free, uint32_t count) {
    uint32_t best = 0, best_length = SS_SUPERSLAB_GRANULES + 1;
    for (uint32_t at = 0; free >> at != 0;) {
        at += (uint32_t)__builtin_ctz(free >> at);
        uint32_t rest = ~(free >> at);
        uint32_t length =
            rest == 0 ? SS_SUPERSLAB_GRANULES : (uint32_t)__builtin_ctz(rest);
        if (length >= count && length < best_length) {
            best = at;
            best_length = length;
        }
        at += length;
        if (at >= SS_SUPERSLAB_GRANULES)
            break;
    }
    return best;
}

/* ---- lists of SuperSlabs, with the lock held ---- */

static void run_list_remove(ss_space *space, uint32_t index) {
    ss_superslab *s = &space->superslabs[index];
    if (s->run == SS_SUPERSLAB_GRANULES) {
        space->free_map[index / 64] &= ~(UINT64_C(1) << (index % 64));
    } else if (s->run != 0) {
        if (s->next != 0)
            space->superslabs[s->next - 1].prev = s->prev;
        if (s->prev != 0)
            space->superslabs[s->prev - 1].next = s->next;
        else if ((space->run_list[s->run] = s->next) == 0)
            space->run_lists &= ~(UINT32_C(1) << (s->run - 1));
    }
    s->run = s->prev = s->next = 0;
}

static void run_list_insert(ss_space *space, uint32_t index) {
    ss_superslab *s = &space->superslabs[index];
    s->run = longest_run(~s->used);
    if (s->run == SS_SUPERSLAB_GRANULES) {
        space->free_map[index / 64] |= UINT64_C(1) << (index % 64);
    } else if (s->run != 0) {
        s->prev = 0;
        s->next = space->run_list[s->run];
        if (s->next != 0)
            space->superslabs[s->next - 1].prev = index + 1;
        space->run_list[s->run] = index + 1;
        space->run_lists |= UINT32_C(1) << (s->run - 1);
    }
}

static bool on_age_list(const ss_space *space, uint32_t index) {
    return space->superslabs[index].older != 0 || space->oldest == index + 1;
}

static void age_list_remove(ss_space *space, uint32_t index) {
    ss_superslab *s = &space->superslabs[index];
    if (!on_age_list(space, index))
        return;
    if (s->newer != 0)
        space->superslabs[s->newer - 1].older = s->older;
    else
        space->newest = s->older;
    if (s->older != 0)
        space->superslabs[s->older - 1].newer = s->newer;
    else
        space->oldest = s->newer;
    s->older = s->newer = 0;
}

static void age_list_append(ss_space *space, uint32_t index) {
    ss_superslab *s = &space->superslabs[index];
    s->older = space->newest;
    s->newer = 0;
    if (space->newest != 0)
        space->superslabs[space->newest - 1].newer = index + 1;
    else
        space->oldest = index + 1;
    space->newest = index + 1;
}

/* ---- taking and releasing part of one SuperSlab, with the lock held ---- */

static bool part_take(ss_space *space, uint32_t index, uint32_t mask) {
    ss_superslab *s = &space->superslabs[index];
    bool zero = (s->dirty & mask) == 0;
    run_list_remove(space, index);
    uint32_t taken = (uint32_t)__builtin_popcount(mask);
    space->used_granules += taken;
    space->dirty_granules -= (uint32_t)__builtin_popcount(s->dirty & mask);
    s->used |= mask;
    s->dirty |= mask;
    run_list_insert(space, index);
    if ((s->dirty & ~s->used) == 0)
        age_list_remove(space, index);
    return zero;
}

static void part_release(ss_space *space, uint32_t index, uint32_t mask) {
    ss_superslab *s = &space->superslabs[index];
    run_list_remove(space, index);
    space->used_granules -= (uint32_t)__builtin_popcount(mask);
    space->dirty_granules += (uint32_t)__builtin_popcount(s->dirty & mask);
    s->used &= ~mask;
    run_list_insert(space, index);
    if ((s->dirty & ~s->used) != 0) {
        age_list_remove(space, index);
        age_list_append(space, index);
    }
}

/* Calls part_take or part_release for each SuperSlab that a span lies in. */
static bool span_take_parts(ss_space *space, uint32_t first, uint32_t count) {
    bool zero = true;
    while (count != 0) {
        uint32_t at = first % SS_SUPERSLAB_GRANULES;
        uint32_t part = SS_SUPERSLAB_GRANULES - at < count ? SS_SUPERSLAB_GRANULES - at : count;
        zero &= part_take(space, first / SS_SUPERSLAB_GRANULES, mask_of(at, part));
        first += part;
        count -= part;
    }
    return zero && space->kind != SS_SPACE_EXTERNAL;
}

void ss_span_release_locked(ss_space *space, uint32_t first, uint32_t count) {
    while (count != 0) {
        uint32_t at = first % SS_SUPERSLAB_GRANULES;
        uint32_t part = SS_SUPERSLAB_GRANULES - at < count ? SS_SUPERSLAB_GRANULES - at : count;
        part_release(space, first / SS_SUPERSLAB_GRANULES, mask_of(at, part));
        first += part;
        count -= part;
    }
}

void ss_span_release_unused(ss_space *space, uint32_t first, uint32_t count, bool zero) {
    for (uint32_t i = first; zero && i < first + count; i++)
        space->superslabs[i / SS_SUPERSLAB_GRANULES].dirty &=
            ~(UINT32_C(1) << i % SS_SUPERSLAB_GRANULES);
    ss_span_release_locked(space, first, count);
}

/* ---- finding a span, with the lock held ---- */

static uint32_t find_free_superslab(const ss_space *space) {
    uint32_t words =
        (space->granule_count + 64 * SS_SUPERSLAB_GRANULES - 1) / (64 * SS_SUPERSLAB_GRANULES);
    for (uint32_t i = 0; i < words; i++)
        if (space->free_map[i] != 0)
            return i * 64 + (uint32_t)__builtin_ctzll(space->free_map[i]);
    return SS_NO_SPAN;
}

/* The first SuperSlab of the shortest run of at least `count` that are wholly free. */
static uint32_t find_free_superslabs(const ss_space *space, uint32_t count) {
    uint32_t limit = space->granule_count / SS_SUPERSLAB_GRANULES;
    uint32_t best = SS_NO_SPAN, best_length = UINT32_MAX;
    for (uint32_t at = 0; at < limit;) {
        uint64_t word = space->free_map[at / 64] >> (at % 64);
        if (word == 0) {
            at = (at / 64 + 1) * 64;
            continue;
        }
        at += (uint32_t)__builtin_ctzll(word);
        uint32_t end = at;
        while (end < limit) {
            uint64_t rest = ~space->free_map[end / 64] >> (end % 64);
            if (rest != 0) {
                end += (uint32_t)__builtin_ctzll(rest);
                break;
            }
            end = (end / 64 + 1) * 64;
        }
        if (end - at >= count && end - at < best_length) {
            best = at;
            best_length = end - at;
        }
        at = end;
    }
    return best;
}

uint32_t ss_span_take_locked(ss_space *space, uint32_t count, bool *zero) {
    uint32_t first;
    if (count <= SS_SUPERSLAB_GRANULES) {
        uint32_t lists = count == SS_SUPERSLAB_GRANULES ? 0 : space->run_lists >> (count - 1);
        uint32_t index = lists != 0
                             ? space->run_list[count + (uint32_t)__builtin_ctz(lists)] - 1
                             : find_free_superslab(space);
        if (index == SS_NO_SPAN)
            return SS_NO_SPAN;
        first = index * SS_SUPERSLAB_GRANULES + best_run(~space->superslabs[index].used, count);
    } else {
        uint32_t index = find_free_superslabs(
            space, (count + SS_SUPERSLAB_GRANULES - 1) / SS_SUPERSLAB_GRANULES);
        if (index == SS_NO_SPAN)
            return SS_NO_SPAN;
        first = index * SS_SUPERSLAB_GRANULES;
    }
    bool was_zero = span_take_parts(space, first, count);
    if (zero != NULL)
        *zero = was_zero;
    return first;
}

/* ---- the interface ---- */

uint32_t ss_span_take(ss_space *space, uint32_t count, bool *zero) {
    for (;;) {
        ss_lock_take(&space->lock);
        uint32_t first = ss_span_take_locked(space, count, zero);
        ss_lock_release(&space->lock);
        if (first != SS_NO_SPAN || !ss_space_grow(space, count))
            return first;
    }
}

void ss_span_release(ss_space *space, uint32_t first, uint32_t count) {
    ss_lock_take(&space->lock);
    ss_span_release_locked(space, first, count);
    ss_lock_release(&space->lock);
    ss_span_settle(space);
}

bool ss_span_extend(ss_space *space, uint32_t first, uint32_t count, bool *zero) {
    ss_lock_take(&space->lock);
    bool fits = first + count <= space->granule_count;
    for (uint32_t at = first; fits && at < first + count;) {
        uint32_t in = at % SS_SUPERSLAB_GRANULES;
        uint32_t rest = first + count - at;
        uint32_t part = SS_SUPERSLAB_GRANULES - in < rest ? SS_SUPERSLAB_GRANULES - in : rest;
        fits = (space->superslabs[at / SS_SUPERSLAB_GRANULES].used & mask_of(in, part)) == 0;
        at += part;
    }
    if (fits)
        *zero = span_take_parts(space, first, count);
    ss_lock_release(&space->lock);
    return fits;
}

void ss_span_moved(ss_space *space, uint32_t from, uint32_t to, uint32_t count) {
    ss_lock_take(&space->lock);
    for (uint32_t i = 0; i < count; i++) {
        ss_superslab *source = &space->superslabs[(from + i) / SS_SUPERSLAB_GRANULES];
        ss_superslab *target = &space->superslabs[(to + i) / SS_SUPERSLAB_GRANULES];
        source->dirty &= ~(UINT32_C(1) << (from + i) % SS_SUPERSLAB_GRANULES);
        if (target->moved == 0)
            atomic_fetch_add_explicit(&ss_process->moved_superslabs, 1, memory_order_relaxed);
        target->moved |= UINT32_C(1) << (to + i) % SS_SUPERSLAB_GRANULES;
    }
    ss_lock_release(&space->lock);
}

bool ss_span_add(ss_space *space, uint32_t first, uint32_t count) {
    ss_lock_take(&space->lock);
    if (space->granule_count == first && count != 0) {
        /* Granules of a SuperSlab that are not usable yet count as used. */
        uint32_t begin = first / SS_SUPERSLAB_GRANULES;
        uint32_t end = (first + count + SS_SUPERSLAB_GRANULES - 1) / SS_SUPERSLAB_GRANULES;
        for (uint32_t i = begin; i < end; i++)
            if (i * SS_SUPERSLAB_GRANULES >= first)
                space->superslabs[i].used = ALL;
        space->granule_count = first + count;
        space->used_granules += count;
        ss_span_release_locked(space, first, count);
        if (space->kind != SS_SPACE_EXTERNAL)
            atomic_fetch_add_explicit(&ss_process->committed_bytes,
                                      (size_t)count << SS_GRANULE_SHIFT, memory_order_relaxed);
    }
    ss_lock_release(&space->lock);
    return true;
}

/* ---- giving back ---- */

/* Purges the granules of `mask`, run by run; false if the system refused one. */
static bool superslab_purge(ss_space *space, uint32_t index, uint32_t mask, uint32_t moved) {
    for (uint32_t rest = mask; rest != 0;) {
        uint32_t at = (uint32_t)__builtin_ctz(rest);
        uint32_t end_mask = ~(rest >> at);
        uint32_t count =
            end_mask == 0 ? SS_SUPERSLAB_GRANULES : (uint32_t)__builtin_ctz(end_mask);
        uint32_t part = mask_of(at, count);
        char *start = ss_space_address(space, index * SS_SUPERSLAB_GRANULES + at);
        size_t bytes = (size_t)count << SS_GRANULE_SHIFT;
        if (!((moved & part) != 0 ? ss_os_renew(start, bytes) : ss_os_purge(start, bytes)))
            return false;
        rest &= ~part;
    }
    return true;
}

size_t ss_span_purge(ss_space *space, size_t keep) {
    size_t given = 0;
    if (space->kind == SS_SPACE_EXTERNAL)
        return 0; /* not ours to give */
    ss_lock_take(&space->lock);
    while (space->dirty_granules > keep && space->oldest != 0) {
        uint32_t index = space->oldest - 1;
        ss_superslab *s = &space->superslabs[index];
        uint32_t mask = s->dirty & ~s->used, moved = s->moved & mask;
        /* Taken, so that nobody allocates them while the lock is not held. */
        part_take(space, index, mask);
        space->purging++;
        ss_lock_release(&space->lock);
        bool purged = superslab_purge(space, index, mask, moved);
        ss_lock_take(&space->lock);
        if (purged) {
            s->dirty &= ~mask;
            s->moved &= ~mask;
            if (moved != 0 && s->moved == 0)
                atomic_fetch_sub_explicit(&ss_process->moved_superslabs, 1, memory_order_relaxed);
            given += (size_t)__builtin_popcount(mask) << SS_GRANULE_SHIFT;
        }
        part_release(space, index, mask);
        space->purging--;
        if (!purged)
            break; /* locked in memory: trying the rest would fail alike */
    }
    ss_lock_release(&space->lock);
    atomic_fetch_add_explicit(&ss_process->given_back_bytes, given, memory_order_relaxed);
    return given;
}

static size_t dirty_bound(const ss_space *space) {
    size_t floor = SS_DIRTY_FLOOR_BYTES >> SS_GRANULE_SHIFT;
    size_t share = space->used_granules >> SS_DIRTY_SHARE_SHIFT;
    return share > floor ? share : floor;
}

void ss_span_settle(ss_space *space) {
    ss_lock_take(&space->lock);
    size_t bound = dirty_bound(space);
    bool over = space->dirty_granules > bound;
    ss_lock_release(&space->lock);
    if (over)
        ss_span_purge(space, bound - bound / 4);
}
