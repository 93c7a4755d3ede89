#include "isolate.h"

#include "check.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

static void *map(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

window_memory window_map(size_t limit) {
    return (window_memory){map(limit), map(limit / 16), limit};
}

void window_unmap(window_memory *memory) {
    CHECK_EQ(munmap(memory->base, memory->limit), 0);
    CHECK_EQ(munmap(memory->live, memory->limit / 16), 0);
}

bool isolate_join(isolate *self, window_memory *memory) {
    const ss_api_window window = {memory->base, memory->limit, memory->limit, memory->live};
    memset(self, 0, sizeof *self);
    self->memory = memory;
    self->holder = ss_api_own()->window_join(&window, self->magazines);
    return self->holder != NULL;
}

void isolate_leave(isolate *self) {
    ss_api_own()->window_leave(self->holder);
    memset(self, 0xee, sizeof *self); /* nothing reads the magazines from here on */
}

static _Atomic uint8_t *byte_of(const isolate *self, uint32_t block) {
    return (_Atomic uint8_t *)&self->memory->live[block / 16];
}

/* Other threads read it for statistics. */
static void count_set(uint32_t *magazine, uint32_t count) {
    atomic_store_explicit((_Atomic uint32_t *)magazine, count, memory_order_relaxed);
}

static unsigned bin_of(size_t size) {
    unsigned bin = 0;
    while (ss_api_own()->window_stride(bin) < size)
        bin++;
    return bin;
}

uint32_t isolate_malloc(isolate *self, size_t size) {
    if (size > 65536) {
        const int64_t taken = ss_api_own()->window_take(self->holder, size);
        return taken < 0 ? ISOLATE_NONE : (uint32_t)taken;
    }
    const unsigned bin = bin_of(size);
    uint32_t *magazine = self->magazines + bin * SS_MAGAZINE_WORDS;
    for (;;) {
        if (magazine[0] == 0 && ss_api_own()->window_refill(self->holder, bin) <= 0)
            return ISOLATE_NONE;
        const uint32_t block = magazine[SS_MAGAZINE_HEAD + magazine[0] - 1];
        count_set(magazine, magazine[0] - 1);
        if (atomic_load_explicit(byte_of(self, block), memory_order_acquire) != 0)
            continue;
        atomic_store_explicit(byte_of(self, block), (uint8_t)(bin + 1), memory_order_relaxed);
        return block;
    }
}

uint8_t isolate_kind(const isolate *self, uint32_t block) {
    return block < self->memory->limit
               ? atomic_load_explicit(byte_of(self, block), memory_order_relaxed)
               : 0;
}

superslab_error isolate_free_as(isolate *self, uint32_t block, uint8_t kind) {
    if (kind == 0 || kind > SS_LIVE_CLASSES || block % 16 != 0)
        return ss_api_own()->window_give(self->holder, block);
    uint32_t *magazine = self->magazines + (kind - 1u) * SS_MAGAZINE_WORDS;
    if (magazine[0] == magazine[1])
        ss_api_own()->window_flush(self->holder, kind - 1u);
    atomic_store_explicit(byte_of(self, block), 0, memory_order_release);
    magazine[SS_MAGAZINE_HEAD + magazine[0]] = block;
    count_set(magazine, magazine[0] + 1);
    return SUPERSLAB_OK;
}

superslab_error isolate_free(isolate *self, uint32_t block) {
    return isolate_free_as(self, block, isolate_kind(self, block));
}
