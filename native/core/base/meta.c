#include "base/meta.h"

#include "base/process.h"

#include <string.h>

#define CHUNK_BYTES ((size_t)16 << 20)
#define ORDERS 32u /* sizes of blocks, to 32 KiB */

static ss_lock meta_lock;
static char *meta, *meta_end,
    *meta_ready; /* the current chunk: its next byte, its end, the end of its committed part */
static void *free_blocks[ORDERS];
/* The first chunks, for ss_meta_chunk; later ones are not told. Guarded by meta_lock. */
static ss_meta_chunk_range chunks[SS_META_CHUNKS];
static uint32_t chunk_count;

/* With the lock held. */
static void chunk_note(char *start, size_t bytes) {
    if (chunk_count < SS_META_CHUNKS)
        chunks[chunk_count++] = (ss_meta_chunk_range){(uintptr_t)start, (uintptr_t)start + bytes};
}

/* The sizes of blocks: 1 to 4 cache lines, then 4 sizes a doubling. Each size has a free list. */
static size_t order_bytes(unsigned order) {
    return order < 4 ? (order + 1) * (size_t)SS_CACHE_LINE
                     : ((size_t)SS_CACHE_LINE * (4 + order % 4 + 1)) << (order / 4 - 1);
}

static unsigned order_of(size_t bytes) {
    unsigned order = 0;
    while (order < ORDERS && order_bytes(order) < bytes)
        order++;
    return order;
}

/* Commits at least `bytes` at `meta`, or begins another chunk; the caller tries again. Called without the lock, because
 * it makes system calls. False if the system refuses. */
static bool chunk_extend(size_t bytes) {
    ss_lock_take(&meta_lock);
    char *start = meta, *ready = meta_ready, *end = meta_end;
    ss_lock_release(&meta_lock);
    if (start == NULL || (size_t)(end - start) < bytes) {
        size_t chunk = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
        char *fresh = ss_os_reserve(chunk, ss_os_page_bytes());
        if (fresh == NULL && chunk > SS_GRANULE_BYTES * 4) {
            chunk = bytes > SS_GRANULE_BYTES * 4 ? bytes : SS_GRANULE_BYTES * 4;
            fresh = ss_os_reserve(chunk, ss_os_page_bytes());
        }
        if (fresh == NULL)
            return false;
        ss_count_reserved(chunk);
        ss_lock_take(&meta_lock);
        /* If another thread has begun a chunk meanwhile, the addresses that this one reserved stay unused. */
        if (meta == start) {
            meta = meta_ready = fresh;
            meta_end = fresh + chunk;
            chunk_note(fresh, chunk);
        }
        ss_lock_release(&meta_lock);
        return true;
    }
    size_t step = (bytes + SS_META_STEP_BYTES - 1) & ~(SS_META_STEP_BYTES - 1);
    if (step > (size_t)(end - ready))
        step = (size_t)(end - ready);
    if (!ss_os_commit(ready, step))
        return false;
    ss_lock_take(&meta_lock);
    if (meta_ready == ready) {
        meta_ready = ready + step;
        ss_count_metadata(step);
    }
    ss_lock_release(&meta_lock);
    return true;
}

SS_COLD void *ss_meta_take(size_t bytes) {
    unsigned order = order_of(bytes);
    if (order >= ORDERS)
        return NULL;
    bytes = order_bytes(order);
    for (;;) {
        ss_lock_take(&meta_lock);
        void *block = free_blocks[order];
        bool used = block != NULL;
        if (used) {
            free_blocks[order] = *(void **)block;
        } else if (meta != NULL && (size_t)(meta_ready - meta) >= bytes) {
            block = meta;
            meta += bytes;
        }
        ss_lock_release(&meta_lock);
        if (block != NULL)
            return used ? memset(block, 0, bytes) : block;
        if (!chunk_extend(bytes))
            return NULL;
    }
}

void ss_meta_give(void *block, size_t bytes) {
    unsigned order = order_of(bytes);
    ss_lock_take(&meta_lock);
    *(void **)block = free_blocks[order];
    ss_lock_step();
    free_blocks[order] = block;
    ss_lock_release(&meta_lock);
}

void ss_meta_inherit(void) {
    if (ss_lock_inherit(&meta_lock))
        meta = meta_ready = meta_end = NULL;
}

bool ss_meta_chunk(uint32_t index, ss_meta_chunk_range *out) {
    if (!ss_lock_try(&meta_lock))
        return false;
    const bool found = index < chunk_count;
    if (found)
        *out = chunks[index];
    ss_lock_release(&meta_lock);
    return found;
}

bool ss_meta_is_mine(void) {
    return ss_lock_is_mine(&meta_lock);
}

static char *down_to(char *address, size_t step) {
    return address - ((uintptr_t)address & (step - 1));
}

static char *up_to(char *address, size_t step) {
    return address + (-(uintptr_t)address & (step - 1));
}

/* Commits a range, extended to whole pages on both sides. */
static bool commit(char *start, char *end) {
    size_t page = ss_os_page_bytes();
    start = down_to(start, page);
    return ss_os_commit(start, (size_t)(up_to(end, page) - start));
}

/* Commits `bytes` before or after `from`, rounded up to whole steps. */
static bool ensure(char *from, bool below, _Atomic size_t *ready, size_t bytes) {
    /* Acquire: pairs with the release below, so that many bytes are committed. */
    size_t have = atomic_load_explicit(ready, memory_order_acquire);
    while (have < bytes) {
        size_t want = below ? (size_t)(from - down_to(from - bytes, SS_META_STEP_BYTES))
                            : (size_t)(up_to(from + bytes, SS_META_STEP_BYTES) - from);
        if (!(below ? commit(from - want, from - have) : commit(from + have, from + want)))
            return false;
        /* Relaxed on failure, when another thread was first: this thread has committed the bytes it needs itself. */
        if (atomic_compare_exchange_strong_explicit(ready, &have, want, memory_order_release,
                                                    memory_order_relaxed)) {
            ss_count_metadata(want - have);
            return true;
        }
    }
    return true;
}

bool ss_meta_ensure(void *array, _Atomic size_t *ready, size_t bytes) {
    return ensure(array, false, ready, bytes);
}

bool ss_meta_ensure_below(void *end, _Atomic size_t *ready, size_t bytes) {
    return ensure(end, true, ready, bytes);
}
