/* superslab-calls FUNCTION COUNT: calls one function of malloc's API COUNT times. scripts/calls.mjs counts the
 * instructions of two runs of which one makes more calls; the difference is the cost of the calls.
 *
 * superslab-calls order BYTES: what an attacker would like to know of the next block, for scripts/bench-hardened.mjs. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* C++'s operators under the names that the compiler gives them, so that the program's other calls can be C. */
void *plain_new(size_t size) __asm__("_Znwm");
void sized_delete(void *block, size_t size) __asm__("_ZdlPvm");
void *aligned_new(size_t size, size_t alignment) __asm__("_ZnwmSt11align_val_t");
void aligned_delete(void *block, size_t alignment) __asm__("_ZdlPvSt11align_val_t");

/* The compiler does not know what happens to the block, so that no pair of calls is removed. */
static void *seen(void *block) {
    __asm__ volatile("" : "+r"(block) : : "memory");
    return block;
}

static void empty(unsigned long count) {
    for (unsigned long i = 0; i < count; i++)
        seen(NULL);
}
static void pairs(unsigned long count, size_t size) {
    for (unsigned long i = 0; i < count; i++)
        free(seen(malloc(size)));
}
static void malloc_128(unsigned long count) {
    pairs(count, 128);
}
static void malloc_200k(unsigned long count) {
    pairs(count, 200000);
}
static void malloc_4m(unsigned long count) {
    pairs(count, 4 << 20);
}
static void usable(unsigned long count, size_t size) {
    void *block = seen(malloc(size));
    for (unsigned long i = 0; i < count; i++)
        seen((void *)malloc_usable_size(block));
    free(block);
}
static void usable_128(unsigned long count) {
    usable(count, 128);
}
static void usable_1m(unsigned long count) {
    usable(count, 1 << 20);
}
static void realloc_same(unsigned long count) {
    void *block = malloc(100);
    for (unsigned long i = 0; i < count; i++)
        block = seen(realloc(block, 100 + i % 2));
    free(block);
}
static void realloc_shrink(unsigned long count) {
    for (unsigned long i = 0; i < count; i++) {
        void *block = seen(malloc(1000));
        block = seen(realloc(block, 100));
        free(block);
    }
}
static void realloc_grow(unsigned long count) {
    for (unsigned long i = 0; i < count; i++) {
        void *block = NULL;
        for (size_t size = 16; size <= 4096; size *= 2)
            block = seen(realloc(block, size));
        free(block);
    }
}
static void calloc_128(unsigned long count) {
    for (unsigned long i = 0; i < count; i++)
        free(seen(calloc(1, 128)));
}
static void aligned_64(unsigned long count) {
    for (unsigned long i = 0; i < count; i++)
        free(seen(aligned_alloc(64, 128)));
}
static void memalign_page(unsigned long count) {
    for (unsigned long i = 0; i < count; i++) {
        void *block;
        if (posix_memalign(&block, 4096, 8192) != 0)
            abort();
        free(seen(block));
    }
}
static void new_aligned(unsigned long count) {
    for (unsigned long i = 0; i < count; i++)
        aligned_delete(seen(aligned_new(128, 64)), 64);
}
static void new_sized(unsigned long count) {
    for (unsigned long i = 0; i < count; i++)
        sized_delete(seen(plain_new(128)), 128);
}
static void free_null(unsigned long count) {
    for (unsigned long i = 0; i < count; i++)
        free(seen(NULL));
}

/* Prints two numbers: the distance from one block to the next one that is allocated, and of how many allocations after
 * the free of a block the first one is that gets its memory; 0: none of them. The heap has blocks of the size before. */
static void order(unsigned long size) {
    enum { BEFORE = 1000, AFTER = 4096 };
    static char *blocks[BEFORE];
    for (size_t i = 0; i < BEFORE; i++)
        blocks[i] = seen(malloc(size));
    char *first = seen(malloc(size)), *next = seen(malloc(size)), *freed = blocks[BEFORE / 2];
    unsigned reused = 0;
    free(freed);
    for (unsigned i = 1; i <= AFTER && reused == 0; i++)
        if (seen(malloc(size)) == freed)
            reused = i;
    printf("%td %u\n", next - first, reused);
}

static const struct call {
    const char *name;
    void (*run)(unsigned long count);
} calls[] = {
    {"empty", empty},
    {"malloc-128", malloc_128},
    {"malloc-200k", malloc_200k},
    {"malloc-4m", malloc_4m},
    {"usable-128", usable_128},
    {"usable-1m", usable_1m},
    {"realloc-same", realloc_same},
    {"realloc-shrink", realloc_shrink},
    {"realloc-grow", realloc_grow},
    {"calloc-128", calloc_128},
    {"aligned-64", aligned_64},
    {"memalign-page", memalign_page},
    {"new-aligned", new_aligned},
    {"new-sized", new_sized},
    {"free-null", free_null},
    {"order", order},
};

int main(int argc, char **argv) {
    for (size_t i = 0; argc == 3 && i < sizeof calls / sizeof *calls; i++)
        if (strcmp(argv[1], calls[i].name) == 0) {
            calls[i].run(strtoul(argv[2], NULL, 10));
            return 0;
        }
    return 2;
}
