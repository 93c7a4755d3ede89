/* The preload library's exports, without the operators of C++. They are declared here, because older system
 * headers lack some. */
#ifndef SS_PRELOAD_MALLOC_H
#define SS_PRELOAD_MALLOC_H

#include "preload.h"

#include "front/cold.h"

#include <stdio.h>
#include <stdlib.h>

void cfree(void *block);
void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);
void *reallocarray(void *block, size_t count, size_t size);
void *memalign(size_t alignment, size_t size);
void *pvalloc(size_t size);
size_t malloc_usable_size(void *block);

/* The ends of the hot paths. */
void *preload_malloc_cold(size_t size);
void preload_free_cold(void *block);
/* The same for other functions that free. */
void preload_free_as(void *block, ss_call call);
/* Neither a small block nor an aligned one; or any, where there is an observer. */
void preload_free_further(void *block, ss_call call);

int malloc_trim(size_t keep);
int mallopt(int parameter, int value);
void malloc_stats(void);
int malloc_info(int options, FILE *stream);

/* glibc's structures of the same names; every field is in bytes, except the counts. */
struct mallinfo {
    int arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
struct mallinfo2 {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
struct mallinfo mallinfo(void);
struct mallinfo2 mallinfo2(void);

#endif
