/* Hardened: what is written behind aligned and large blocks, which have no header, and checked when they are freed.
 *
 *   aligned   block          + size        + stride - 4
 *             | what was asked | canary ...  | code
 *   large     block          + size        the end of its page
 *             | what was asked | canary ...  |
 *
 * Canary and code are those of trailers (trailer.h), but for the code's place and length. So an aligned block has at least
 * SS_SEAL_BYTES behind the request, and is of a larger class where those are not there. What a code would say of a large
 * block is in the node of its first granule (its note; space/large.h). Its canary touches no page that the request does not
 * touch: there is none behind a request of whole pages.
 *
 * The thread that frees or resizes a large block takes the note first, and one that resizes it writes a new note at the end.
 * So of two threads that do so at once only one touches its memory, which the other may make inaccessible. */
#ifndef SS_SEAL_H
#define SS_SEAL_H

#include "base/class.h"
#include "slab/trailer.h"
#include "space/large.h"

#define SS_SEAL_CODE_BYTES 4u
/* The bytes behind a request that an aligned block needs. */
#define SS_SEAL_BYTES (SS_HARDENED ? SS_SEAL_CODE_BYTES + 1 : 0u)
#define SS_SEAL_KIND_SHIFT 28u
/* The smallest page of all systems. */
#define SS_SEAL_PAGE_BYTES ((size_t)4096)

/* What is known of a sealed block. */
typedef struct ss_seal {
    bool is_known; /* the size and the kind can be told */
    bool is_whole;
    ss_trailer_kind kind;
    size_t size; /* of the request; the most that the block can hold if that cannot be told */
    const char *written; /* the first byte of the canary that was changed, else NULL */
} ss_seal;

/* A block that was allocated for `size` bytes. An aligned one of `bin`; a large one that ss_large_take or a large cache has
 * just returned, or whose length has changed. */
void ss_seal_aligned(void *block, unsigned bin, size_t size, ss_trailer_kind kind);
void ss_seal_large(void *block, size_t size, ss_trailer_kind kind);

/* Reads the seal of the live block that starts at an address in a headless space. False if none does. For a look-up, which
 * counts itself as a reader. It does not read the memory of a large block, which may become inaccessible meanwhile. */
bool ss_seal_look(ss_space *space, const void *block, ss_seal *out);

/* The same for a thread that frees or resizes the block: takes the note of a large one. Sets *twice if another thread has
 * taken it. */
bool ss_seal_take(ss_space *space, const void *block, ss_seal *out, bool *twice);

/* The block stays as it is. */
void ss_seal_put_back(ss_space *space, const void *block, const ss_seal *seal);

/* Changes the kind of a block that was allocated as malloc's. */
void ss_seal_kind_set(ss_space *space, void *block, ss_trailer_kind kind);

#endif
