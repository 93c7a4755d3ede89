/* Random places for reservations. The system puts mappings side by side, so the distance from a block to the
 * allocator's own state, and to the functions of the C library, is the same in almost every process. With a random
 * place for each reservation it differs. */
#define _GNU_SOURCE
#include "place_linux.h"

#include "os.h"

#include <elf.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define TRIES 3u

/* ---- random numbers ---- */

static uint64_t rotated(uint64_t value, unsigned by) {
    return value << by | value >> (64 - by);
}

static void sip_round(uint64_t v[4]) {
    v[0] += v[1], v[1] = rotated(v[1], 13) ^ v[0], v[0] = rotated(v[0], 32);
    v[2] += v[3], v[3] = rotated(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotated(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotated(v[1], 17) ^ v[2], v[2] = rotated(v[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein, 2012) of a counter. The key is the 16 random bytes that the kernel
 * gives each process: they are there before the first call and need no system call. The stack protector's word is
 * made of them too, so the drawn numbers must not reveal them. */
static uint64_t random_next(ss_place_purpose purpose) {
    static _Atomic uint64_t drawn; /* relaxed: it only has to be different for each draw */
    uint64_t key[2] = {0, 0};
    const uint64_t count =
        (uint64_t)purpose << 56 | atomic_fetch_add_explicit(&drawn, 1, memory_order_relaxed);
    const void *bytes = (const void *)getauxval(AT_RANDOM);
    if (bytes != NULL)
        memcpy(key, bytes, sizeof key);
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
    const uint64_t last = UINT64_C(8) << 56; /* the length of the message */
    v[3] ^= count;
    sip_round(v);
    v[0] ^= count;
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (unsigned i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- places ---- */

char *ss_place_draw(ss_place_purpose purpose, unsigned bits, size_t most, size_t alignment) {
    const uint64_t half = UINT64_C(1) << (bits - 1), whole = half - half / 16;
    if (most > half / 16)
        most =
            half / 16; /* in a smaller address space some may be taken: see ss_os_extend_behind */
    /* The high half of a product is a number below its factor. */
    const uint64_t at =
        (uint64_t)(((unsigned __int128)random_next(purpose) * (whole - most)) >> 64);
    return (char *)(uintptr_t)((half + at) & ~(uint64_t)(alignment - 1));
}

unsigned ss_place_bits(void) {
    const uintptr_t stack = getauxval(AT_RANDOM);
    return stack < UINT32_MAX ? 32 : 64 - (unsigned)__builtin_clzll(stack);
}

void *ss_place_map(size_t most, size_t first, size_t bytes, size_t alignment) {
    enum { USUAL_BITS = 47 };
    const unsigned known = ss_place_bits();
    unsigned bits = known > USUAL_BITS ? known : USUAL_BITS;
    for (unsigned try = 0; try < TRIES; try++) {
        if (bytes > (UINT64_C(1) << (bits - 1)) / 2)
            return NULL;
        char *place = ss_place_draw(SS_PLACE_RESERVATION, bits, most, alignment);
        char *start = place + first - SS_OS_MARGIN_BYTES;
        const size_t all = bytes + 2 * SS_OS_MARGIN_BYTES;
        /* Only a hint: the system maps elsewhere if the place is taken. MAP_FIXED_NOREPLACE (Linux 4.17) would be no
         * better, and a sanitizer may change the hint to 0. */
        char *got = mmap(start, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (got == MAP_FAILED)
            return NULL;
        if (got == start)
            return place;
        munmap(got, all);
        bits = known; /* the stack showed that there are fewer than usual */
    }
    return NULL;
}
