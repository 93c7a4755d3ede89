/* Questions about addresses and sizes. */
#include "background/park.h"
#include "background/stats.h"
#include "base/report.h"
#include "front/hot.h"
#include "front/init.h"
#include "space/empty.h"

SUPERSLAB_EXPORT superslab_error superslab_check(const void *block) {
    ss_block found;
    ss_process_init();
    ss_block_hold((uintptr_t)block, &found);
    superslab_error error = ss_block_error(&found, block);
    ss_block_release(&found);
    return error;
}

SS_COLD size_t ss_usable_size_cold(const void *block) {
    if (block == NULL)
        return 0;
    ss_process_init();
    ss_block found;
    ss_block_hold((uintptr_t)block, &found);
    superslab_error error = ss_block_error(&found, block);
    ss_block_release(&found);
    if (SS_UNLIKELY(error != SUPERSLAB_OK)) {
        ss_block_report(error, block);
        return 0;
    }
    return found.usable;
}

SUPERSLAB_EXPORT size_t superslab_usable_size(const void *block) {
    return ss_usable_size_hot(block, ss_usable_size_cold);
}

SUPERSLAB_EXPORT size_t superslab_good_size(size_t size) {
    ss_process_init();
    if (size == 0)
        return 0;
    if (size <= SS_SMALL_MAX)
        return ss_class_headed_usable(ss_bin_class(ss_exact_bin(size))) - SS_TRAILER_BYTES;
    if (size > PTRDIFF_MAX)
        return size;
    return (size + SS_GRANULE_BYTES - 1) & ~(SS_GRANULE_BYTES - 1);
}

/* The address is in no space, so it is read through the system, which answers instead of faulting. */
static superslab_address_kind foreign_kind(uintptr_t address) {
    uint8_t byte;
    SS_ROUTE(GUARDED_READ, 1);
    ss_count_guarded_read();
    return ss_os_read_byte(address, &byte) ? SUPERSLAB_ADDRESS_FOREIGN
                                           : SUPERSLAB_ADDRESS_NO_ACCESS;
}

static void describe(const ss_block *found, uintptr_t address, superslab_inspection *out) {
    *out = (superslab_inspection){.kind = SUPERSLAB_ADDRESS_UNUSED};
    if (found->space == NULL && !found->guarded && !ss_empty_has(address)) {
        out->kind = foreign_kind(address);
        return;
    }
    if (found->slab != NULL)
        out->slab = (uintptr_t)ss_space_address(found->space, found->granule);
    if (found->state == SS_BLOCK_NONE || (found->stride == 0 && !ss_block_is_empty(found)))
        return;
    if (found->slab == NULL && !found->guarded && !ss_block_is_empty(found))
        out->slab = found->start;
    out->block = found->start;
    out->usable_size = found->usable;
    out->stride = found->stride;
    switch (found->state) {
    case SS_BLOCK_LIVE:
        out->kind = address == found->start ? SUPERSLAB_ADDRESS_LIVE : SUPERSLAB_ADDRESS_INSIDE;
        break;
    case SS_BLOCK_BROKEN: /* in use; its header was written over */
        out->kind = SUPERSLAB_ADDRESS_INSIDE;
        break;
    case SS_BLOCK_CACHED:
        out->kind = SUPERSLAB_ADDRESS_CACHED;
        break;
    case SS_BLOCK_FREE:
    case SS_BLOCK_NONE:
        out->kind = SUPERSLAB_ADDRESS_FREE;
        break;
    }
}

SUPERSLAB_EXPORT void superslab_inspect(uintptr_t address, superslab_inspection *out) {
    ss_process_init();
    ss_block found;
    ss_block_hold(address, &found);
    describe(&found, address, out);
    ss_block_release(&found);
}

/* ---- statistics ---- */

/* The number of tries if a parker flushes bins meanwhile. Bounded, because another thread may call trim
 * all the time. */
enum { TRIES = 16 };

SUPERSLAB_EXPORT void superslab_get_stats(superslab_stats *out) {
    ss_process_init();
    for (unsigned i = 0; i < TRIES && !ss_stats_take(out); i++)
        for (unsigned spins = 0; atomic_load_explicit(&ss_flushes, memory_order_relaxed) % 2 != 0;
             spins++)
            ss_lock_wait(spins);
}
