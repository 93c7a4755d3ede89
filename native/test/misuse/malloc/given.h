/* What the programs of this folder share, and their main. Blocks are volatile, because the compiler knows that their uses
 * are wrong. */
#ifndef TEST_GIVEN_H
#define TEST_GIVEN_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef volatile unsigned char byte;

/* Changes a byte for certain. */
static inline void spoil(byte *at) {
    *at = (unsigned char)~*at;
}

/* Reads a byte in such a way that it is read. */
static inline unsigned look(const byte *at) {
    static volatile unsigned sum;
    return sum += *at;
}

enum { FAR = 1 << 20, AROUND = 9 };

/* It happens again and again, until it is noticed: for guards, which are given to some blocks only. */
static int is_repeated;

/* A block of `size` bytes with live ones of that size before and behind it; if it is repeated, any, because guarded blocks
 * lie apart. */
static inline byte *middle(size_t size) {
    static byte *blocks[AROUND];
    if (is_repeated)
        return (byte *)malloc(size);
    for (int i = 0; i < AROUND; i++) /* those of the last time */
        if (i != AROUND / 2)
            free((void *)blocks[i]);
    for (int i = 0; i < AROUND; i++) {
        byte *const block = (byte *)malloc(size);
        int at = i;
        for (; at > 0 && blocks[at - 1] > block; at--)
            blocks[at] = blocks[at - 1];
        blocks[at] = block;
    }
    return blocks[AROUND / 2];
}

/* What the program does wrong, with a block of this number of bytes. */
static void misuse(size_t size);

/* The first argument is the size; with a second one it is repeated. */
int main(int argc, char **argv) {
    is_repeated = argc > 2;
    do
        misuse((size_t)strtoul(argv[1], NULL, 10));
    while (is_repeated);
}

#endif
