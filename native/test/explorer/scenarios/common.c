#include "scenarios.h"

#include "memory.h"
#include "range.h"
#include "slab/owner.h"
#include "slab/trailer.h"
#include "undo.h"

#include <string.h>

/* ---- claims ---- */

enum { CLAIMS_MAX = 64 };

static void *claimed[CLAIMS_MAX];

static void **claim_of(const void *what) {
    for (size_t i = 0; i < CLAIMS_MAX; i++)
        if (claimed[i] == what)
            return &claimed[i];
    return NULL;
}

static void claim(void *what, const char *name) {
    if (what == NULL)
        explorer_fail("there is no %s", name);
    if (claim_of(what) != NULL)
        explorer_fail("a %s that a thread has was handed out again", name);
    void **place = claim_of(NULL);
    EXPLORER_CHECK(place != NULL);
    undo_write(place, &what, sizeof what);
}

static void drop(void *what, const char *name) {
    void **place = claim_of(what), *none = NULL;
    if (place == NULL)
        explorer_fail("no thread has this %s", name);
    undo_write(place, &none, sizeof none);
}

void address_claim(void *address) {
    claim(address, "block of no bytes");
}

void address_drop(void *address) {
    drop(address, "block of no bytes");
}

void slab_claim(ss_slab *slab) {
    claim(slab, "slab");
}

void slab_drop(ss_slab *slab) {
    drop(slab, "slab");
}

/* ---- contents ---- */

/* The words that are marked, in turn. */
static char *word_of(void *block, unsigned index, size_t bytes) {
    const size_t places[] = {0, bytes / 2 & ~(size_t)7, bytes - sizeof(uint64_t)};
    return (char *)block + places[index];
}

enum { WORDS = 3 };

static size_t block_bytes(void *block) {
    ss_space *space = ss_space_find((uintptr_t)block);
    ss_slab *slab = ss_slab_find(space, (uintptr_t)block);
    if (slab == NULL)
        return SS_GRANULE_BYTES;
    const size_t usable = ss_slab_read(slab).class->stride - 1;
    const bool trailer = SS_HARDENED && ss_space_is_headed(space);
    return (trailer ? ss_trailer_size_seen(block, usable) : usable) & ~(size_t)7;
}

static uint64_t mark_of(const void *block, unsigned index) {
    return ((uintptr_t)block + index) * UINT64_C(0x9E3779B97F4A7C15) ^ explorer_thread();
}

/* Which thread marked it stands in the low bits; it need not be the one that frees it. */
static bool is_mark(uint64_t word, const void *block, unsigned index) {
    return (word ^ mark_of(block, index)) < 2 * EXPLORER_THREADS_MAX;
}

void block_claim(void *block) {
    claim(block, "block");
    for (unsigned i = 0; i < WORDS; i++) {
        char *word = word_of(block, i, block_bytes(block));
        const uint64_t mark = mark_of(block, i);
        memory_plain(word, sizeof mark, true, __builtin_return_address(0));
        memcpy(word, &mark, sizeof mark);
    }
}

void block_drop(void *block) {
    for (unsigned i = 0; i < WORDS; i++) {
        char *word = word_of(block, i, block_bytes(block));
        uint64_t mark;
        memory_plain(word, sizeof mark, false, __builtin_return_address(0));
        memcpy(&mark, word, sizeof mark);
        if (!is_mark(mark, block, i))
            explorer_fail("the contents of a live block changed");
    }
    drop(block, "block");
}

/* ---- slabs ---- */

unsigned four_blocks_bin(void) {
    for (unsigned bin = SS_BIN_HEADED; bin < SS_BIN_HEADED + SS_HEADED_COUNT; bin++)
        if (ss_process->classes[bin].capacity == 4)
            return bin;
    explorer_fail("no class has slabs of four blocks");
}

size_t four_blocks_size(void) {
    return ss_process->classes[four_blocks_bin()].stride - 1 - SS_TRAILER_BYTES;
}

ss_space *headed_space(void) {
    ss_space *space = ss_space_internal(0);
    EXPLORER_CHECK(space->kind == SS_SPACE_HEADED);
    return space;
}

void records_are_reborn(void) {
    enum { RECORDS = 4 };
    for (uint32_t id = 1; id <= RECORDS; id++) {
        const ss_slab *slab = ss_slab_of_id(headed_space(), id);
        range_reborn(&slab->state, sizeof slab->state);
        range_reborn(&slab->info, sizeof slab->info);
        range_reborn(slab->bits, sizeof slab->bits[0]);
    }
}

void block_give(void *block, uint32_t owner, bool adopts) {
    const unsigned bin = four_blocks_bin();
    ss_faults faults = {.count = 0};
    ss_ring ring = {NULL, 0};
    ss_giver giver = {
        .owner = owner, .wanted = adopts ? bin : SS_BIN_COUNT, .ring = &ring, .keeps = true};
    block_drop(block);
    EXPLORER_CHECK(ss_slab_give(&block, 1, bin, &giver, &faults) == 1);
    EXPLORER_CHECK(faults.count == 0);
    if (ring.first != NULL) {
        slab_claim(ring.first);
        slab_drop(ring.first);
        ss_ring_end(&ring);
    }
}

void spares_forbid(unsigned bin) {
    atomic_fetch_add(ss_slab_spares(headed_space(), bin), UINT32_C(1) << 16);
}

void listed_end(unsigned bin) {
    ss_slab *slabs[8];
    unsigned count = 0;
    while (count < 8 && (slabs[count] = ss_slab_adopt(headed_space(), bin, 9)) != NULL)
        slab_claim(slabs[count++]);
    while (count > 0) {
        slab_drop(slabs[--count]);
        ss_slab_abandon(slabs[count]);
    }
}

void check_nothing_left(void) {
    superslab_stats stats;
    superslab_trim();
    superslab_get_stats(&stats);
    if (stats.slab_count != 0 || stats.live_blocks != 0 || stats.cached_blocks != 0)
        explorer_fail("%ju slabs left, %ju blocks live, %ju cached", (uintmax_t)stats.slab_count,
                      (uintmax_t)stats.live_blocks, (uintmax_t)stats.cached_blocks);
    for (size_t i = 0; i < CLAIMS_MAX; i++)
        EXPLORER_CHECK(claimed[i] == NULL);
}

static const void *freed_twice;
static uint32_t second_frees;

static void second_free(superslab_error error, const void *pointer, void *context) {
    (void)context;
    EXPLORER_CHECK(pointer == freed_twice && error == SUPERSLAB_ERROR_DOUBLE_FREE);
    const uint32_t more = second_frees + 1;
    undo_write(&second_frees, &more, sizeof more);
}

void double_frees_expect(const void *block) {
    freed_twice = block;
    superslab_set_error_handler(second_free, NULL);
}

uint32_t double_frees(void) {
    return second_frees;
}
