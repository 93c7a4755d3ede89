/* Large blocks move while another thread maps and unmaps memory of its own as fast as it can. No
 * foreign mapping may ever land inside superslab's addresses, and no content may be lost. */
#include "check.h"
#include "parcel.h"
#include "rng.h"
#include "stats.h"
#include "team.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

enum { MOVERS = 2, MAPPERS = 2, MOVES = CHECK_SCALED(3000), HELD = 16 };

static atomic_uint moving = MOVERS;
static uint64_t seed;

static void move(unsigned index) {
    rng random = {seed + index};
    parcel *blocks[4];
    for (unsigned i = 0; i < 4; i++)
        blocks[i] = parcel_new(2 << 20, i);
    for (int i = 0; i < MOVES; i++) {
        parcel **one = &blocks[rng_below(&random, 4)];
        *one = parcel_resize(*one, rng_between(&random, 600 << 10, 12 << 20));
    }
    for (unsigned i = 0; i < 4; i++)
        parcel_free(blocks[i]);
    atomic_fetch_sub(&moving, 1);
}

static void *map_checked(size_t bytes) {
    char *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return NULL;
    for (size_t at = 0; at < bytes; at += bytes / 2) {
        superslab_inspection found;
        superslab_inspect((uintptr_t)mapped + at, &found);
        CHECK_EQ(found.kind, SUPERSLAB_ADDRESS_FOREIGN);
    }
    memset(mapped, 0x77, 4096);
    memset(mapped + bytes - 4096, 0x77, 4096);
    return mapped;
}

static void map(unsigned index) {
    rng random = {seed + index};
    struct {
        char *start;
        size_t bytes;
    } held[HELD] = {{NULL, 0}};
    while (atomic_load(&moving) > 0) {
        const size_t i = rng_below(&random, HELD);
        if (held[i].start != NULL) {
            CHECK(held[i].start[0] == 0x77 && held[i].start[held[i].bytes - 1] == 0x77);
            CHECK_EQ(munmap(held[i].start, held[i].bytes), 0);
        }
        held[i].bytes = 8192 * rng_between(&random, 1, i % 2 == 0 ? 8 : 1500);
        held[i].start = map_checked(held[i].bytes);
    }
    for (size_t i = 0; i < HELD; i++) {
        if (held[i].start != NULL)
            munmap(held[i].start, held[i].bytes);
    }
}

static void work(unsigned index, void *context) {
    (void)context;
    if (index < MOVERS)
        move(index);
    else
        map(index);
}

int main(int argc, char **argv) {
    seed = check_seed(argc, argv, 42);
    const superslab_stats before = stats_start();
    team_run(MOVERS + MAPPERS, work, NULL);
    stats_check_returned(&before);
}
