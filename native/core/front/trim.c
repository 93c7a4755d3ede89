/* superslab_trim gives free memory back; superslab_prewarm gets memory ahead of need. */
#include "background/attend.h"
#include "background/park.h"
#include "background/publish.h"
#include "background/source.h"
#include "base/report.h"
#include "front/cold.h"
#include "front/init.h"
#include "front/lifecycle.h"
#include "heap/bins.h"
#include "heap/share.h"
#include "slab/purge.h"
#include "space/dirty.h"
#include "space/large.h"

/* ---- trim ---- */

void ss_flush_own_heap(void) {
    ss_faults faults = {.count = 0};
    ss_thread *self = ss_thread_self();
    ss_thread_enter(self);
    if (self->assigned != NULL) {
        ss_heap *heap = ss_thread_heap(&self);
        if (heap != NULL)
            ss_heap_flush(heap, &faults);
    }
    ss_thread_leave(self);
    ss_report_faults(&faults);
}

static void space_purge(ss_space *space, void *given) {
    *(size_t *)given += ss_purge_slabs(space) + ss_span_purge(space, 0);
}

SUPERSLAB_EXPORT size_t superslab_trim(void) {
    ss_faults faults = {.count = 0};
    size_t given = 0;
    if (!ss_process_ready())
        return 0;
    ss_flush_own_heap();
    ss_park_and_flush(&faults);
    ss_each_space(space_purge, &given);
    for (uint32_t i = 0, count = ss_space_internal_count(); i < count; i++)
        ss_span_await(ss_space_internal(i));
    ss_publish();
    ss_report_faults(&faults);
    ss_attend();
    return given;
}

/* ---- prewarm ---- */

/* Faults in the pages of at most `most` free blocks of the slab and returns their number. The caller owns the slab, so
 * no other thread can take them. */
static uint32_t slab_touch(ss_slab *slab, uint32_t most) {
    ss_slab_view view = ss_slab_read(slab);
    uintptr_t base = ss_slab_base(ss_slab_space(view), view);
    size_t page = ss_os_page_bytes();
    uint32_t touched = 0;
    for (uint32_t i = 0; i < ss_class_capacity(view.class) && touched < most; i++) {
        if (!ss_slab_is_free(slab, view.class, i))
            continue;
        touched++;
        /* A read would map the shared zero page. An OR with 0 writes the page and keeps its content. */
        char *block = (char *)base + (size_t)i * ss_class_stride(view.class);
        for (size_t at = 0; at < ss_class_stride(view.class); at += page) {
            _Atomic char *byte = (_Atomic char *)(block + at);
            atomic_fetch_or_explicit(byte, 0, memory_order_relaxed);
        }
    }
    return touched;
}

static ss_slab *slab_new(unsigned bin) {
    uint32_t count = ss_space_internal_count();
    for (uint32_t i = 0; i < count; i++) {
        ss_space *space = ss_space_internal(i);
        ss_slab *slab = ss_space_is_headed(space) ? ss_slab_make(space, bin, 0) : NULL;
        if (slab != NULL)
            return slab;
    }
    return NULL;
}

static size_t prewarm_slabs(unsigned bin, size_t count) {
    /* The slabs of a batch stay owned until enough blocks are ready, so that none is counted twice. */
    enum { MOST = 64 };
    ss_slab *slabs[MOST];
    size_t ready = 0;
    while (ready < count) {
        unsigned held = 0;
        size_t before = ready;
        while (ready < count && held < MOST && (slabs[held] = slab_new(bin)) != NULL) {
            size_t most = count - ready;
            ready += slab_touch(slabs[held], most > UINT32_MAX ? UINT32_MAX : (uint32_t)most);
            held++;
        }
        for (unsigned i = 0; i < held; i++)
            ss_slab_list(slabs[i]);
        if (ready == before)
            break;
    }
    return ready;
}

static size_t prewarm_large(size_t size, size_t count) {
    size_t ready = 0, page = ss_os_page_bytes();
    void *first = NULL;
    for (; ready < count; ready++) {
        char *block = ss_large_take(size, 1, NULL);
        if (block == NULL)
            break;
        for (size_t at = page; at < size; at += page)
            block[at] = 0;
        *(void **)(void *)block = first;
        first = block;
    }
    while (first != NULL) {
        void *next = *(void **)first;
        superslab_free(first);
        first = next;
    }
    return ready;
}

SUPERSLAB_EXPORT size_t superslab_prewarm(size_t size, size_t count) {
    if (!ss_process_ready())
        return 0;
    if (size > SS_SMALL_MAX)
        return prewarm_large(size, count);
    unsigned bin = ss_exact_bin(size);
    size_t ready = prewarm_slabs(bin, count);
    ss_thread *self = ss_thread_self();
    ss_thread_enter(self);
    ss_heap *heap = ss_thread_heap(&self);
    if (heap != NULL) {
        if (ss_share_is_on())
            ss_share_separate(self, size);
        ss_heap_fill(heap, bin, ready > UINT32_MAX ? UINT32_MAX : (uint32_t)ready);
    }
    ss_thread_leave(self);
    ss_attend();
    return ready;
}
