/* The sampled blocks that are in use, by address. Under the profile's lock. */
#ifndef SS_SAMPLES_H
#define SS_SAMPLES_H

#include "base/types.h"

typedef struct ss_sample {
    uintptr_t block;         /* 0: no sample */
    uint64_t objects, bytes; /* for which it stands; objects in thousandths */
    uint32_t stack;
    uint32_t unused;
} ss_sample;

static inline uintptr_t ss_sample_block(const ss_sample *sample) {
    return sample->block;
}

/* Takes the memory; false if the system refuses. Forgets all samples. */
bool ss_samples_begin(void);

/* False without room. There must be no sample at the address. */
bool ss_sample_add(const ss_sample *sample);

/* Takes the sample at an address out; false if there is none. */
bool ss_sample_take(uintptr_t block, ss_sample *out);

uint32_t ss_samples_count(void);

/* Calls `ended` for each sample, and takes those out for which it returns true. */
void ss_samples_sift(bool (*ended)(const ss_sample *sample, void *context), void *context);

#endif
