/* What holds this process's resident memory, by what the system tells of its mappings. lib/cli/explain/holders.ts has the
 * same rules for another process, and reads more: the files that addons come from. */
#ifndef SS_HOLDERS_H
#define SS_HOLDERS_H

#include "background/ranges.h"

typedef enum ss_holder_kind {
    SS_HOLDER_V8_HEAP,
    SS_HOLDER_V8_MEMORY, /* WebAssembly memories and growable ArrayBuffers */
    SS_HOLDER_CODE,      /* compiled at run time */
    SS_HOLDER_SUPERSLAB,
    SS_HOLDER_LIBC,
    SS_HOLDER_ALLOCATOR, /* of an addon: mimalloc, jemalloc */
    SS_HOLDER_STACKS,
    SS_HOLDER_FILES,
    SS_HOLDER_DATA,
    SS_HOLDER_SHARED,
    SS_HOLDER_UNKNOWN,
    SS_HOLDER_KINDS
} ss_holder_kind;

typedef struct ss_holders {
    uint64_t bytes[SS_HOLDER_KINDS]; /* resident */
} ss_holders;

/* Reads the mappings, which takes 1 to 100 ms. Allocates nothing. All zero where the system does not tell. */
void ss_holders_read(ss_holders *out);

uint64_t ss_holders_resident(const ss_holders *holders);
const char *ss_holder_name(ss_holder_kind kind);

#endif
