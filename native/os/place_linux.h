/* Random places for reservations. */
#ifndef SS_PLACE_LINUX_H
#define SS_PLACE_LINUX_H

#include <stddef.h>
#include <stdint.h>

/* Chooses a random place for `most` addresses, aligned to `alignment`, and maps `bytes` of them from the offset
 * `first` on without access, with SS_OS_MARGIN_BYTES on either side. NULL when refused, or where the
 * system does not take a program's choice. May change errno. */
void *ss_place_map(size_t most, size_t first, size_t bytes, size_t alignment);

/* Copies of the library in one process draw from the same key. Numbers for different purposes differ. */
typedef enum ss_place_purpose { SS_PLACE_RESERVATION, SS_PLACE_STEERING } ss_place_purpose;

/* In the upper half of the addresses of this many bits: JavaScript engines draw places for their pages from the
 * lower half. The last sixteenth is left to the system, which places stacks and mappings from the top. */
char *ss_place_draw(ss_place_purpose purpose, unsigned bits, size_t most, size_t alignment);

/* The stack is at the top of the addresses a program may have: 47 bits' on x86-64, 39 to 48 on arm64. Under an
 * emulator it may lie anywhere. */
unsigned ss_place_bits(void);

#endif
