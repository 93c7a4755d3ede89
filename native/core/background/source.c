#include "background/source.h"

#include "base/sealed.h"

void ss_source_register(const ss_source *source) {
    /* Relaxed: the source is constant and has no space yet. */
    atomic_store_explicit(&ss_sealed_now->source, source, memory_order_relaxed);
}

const ss_source *ss_source_now(void) {
    return atomic_load_explicit(&ss_sealed_now->source, memory_order_relaxed);
}

void ss_source_inherit(void) {
    if (ss_source_now() != NULL)
        ss_source_now()->inherit();
}

bool ss_source_is_mine(void) {
    return ss_source_now() != NULL && ss_source_now()->is_mine();
}

void ss_each_space(ss_space_visit *visit, void *context) {
    const ss_source *source = ss_source_now();
    for (uint32_t i = 0, count = ss_space_internal_count(); i < count; i++)
        visit(ss_space_internal(i), context);
    if (source != NULL)
        source->visit(visit, context);
}
