/* The rendezvous: several copies of this library in one process (the addon of two versions of the
 * package, the preload library) find each other and use the first one loaded.
 *
 * Every copy has an ELF note (a Mach-O section on macOS) with its ABI and the place of its beacon, which leads to its
 * function table. Symbols would not do: addons are loaded RTLD_LOCAL and do not see each other's. */
#ifndef SS_API_H
#define SS_API_H

#include "superslab.h"

#include <stdbool.h>

#define SS_API_TEXT(x) #x
#define SS_API_STRING(x) SS_API_TEXT(x)

/* Claims on addresses, shared by the addons of all copies: they let one thread at a time check an address and then use
 * it. Taken while not 0. The core never reads them. */
#define SS_API_CLAIM_COUNT 64u
typedef struct ss_api_claim {
    uint32_t taken;
    char apart[60]; /* two threads that use two addresses share no cache line */
} ss_api_claim;

/* ---- windows ----
 * A window is a region that the isolates of a JavaScript engine share, with a table of its blocks beside it. A holder
 * is one isolate with its magazines: arrays of offsets that it alone pushes to and pops from. See window.h. */

/* The table has one byte for each 16 bytes of the window: 0 where no live block starts, else one of these. */
#define SS_LIVE_CLASSES 80u /* 1 to 80: a block of this class */
/* Plus a tag: a tagged block whose length the core no longer knows. */
#define SS_LIVE_CEDED (SS_LIVE_CLASSES + 1u)
#define SS_LIVE_UNSIZED                                                                            \
    0x7fu /* another block whose length the core no longer knows: see ss_window_cede */
#define SS_LIVE_TAGGED 0x80u /* plus a tag: a block that the holder with the tag watches */
#define SS_LIVE_TAGS 126u
#define SS_LIVE_LARGE 0xfeu
#define SS_LIVE_PINNED 0xffu

/* What a byte above SS_LIVE_UNSIZED, but no pinned block's, becomes when the core no longer knows the block's length. A
 * block with one of the first tags keeps its tag, so that the holder still frees it when its Buffer is collected. */
static inline uint8_t ss_live_ceded(uint8_t byte) {
    const uint32_t tag = byte - SS_LIVE_TAGGED;
    return (uint8_t)(tag < SS_LIVE_UNSIZED - SS_LIVE_CEDED ? SS_LIVE_CEDED + tag : SS_LIVE_UNSIZED);
}

static inline bool ss_live_is_unsized(uint8_t byte) {
    return byte >= SS_LIVE_CEDED && byte <= SS_LIVE_UNSIZED;
}

/* The words of a magazine: the number of blocks it has, the number it may have, and their offsets. */
#define SS_MAGAZINE_WORDS 256u
#define SS_MAGAZINE_HEAD 2u

typedef struct ss_holder ss_holder;

typedef struct ss_api_window {
    void *base;
    size_t bytes, limit; /* usable now, and at most */
    uint8_t *live;       /* limit / 16 bytes, zero when the window is new */
} ss_api_window;

typedef struct ss_api_window_stats {
    uint64_t windows, holders;
    uint64_t window_bytes, limit_bytes; /* usable now, and at most */
    uint64_t live_blocks, live_bytes;
    uint64_t cached_blocks, cached_bytes; /* in magazines */
    uint64_t contained; /* double frees and wrong offsets that were noticed late and dropped */
} ss_api_window_stats;

/* How much of the container's memory is used, on the level that is nearest to its limit. */
typedef struct ss_api_pressure {
    uint64_t used, limit;
    bool near; /* as the scavenger sees it: free memory goes back at once */
} ss_api_pressure;

#define SS_API_GROW (-1) /* the window must be made larger */
#define SS_API_FULL (-2) /* the window cannot be made larger */

typedef struct superslab_api {
    const superslab_functions *functions; /* the public part, given to other addons unchanged */
    const char *file;                     /* the object that this table is of */
    uint32_t bytes;         /* sizeof(superslab_api) there: later copies may have more functions */
    uint32_t serves_malloc; /* 1: the process's malloc is this copy's */
    ss_api_claim *claims;
    /* Windows. Offsets and addresses may have any value. */
    ss_holder *(*window_join)(const ss_api_window *window, uint32_t *magazines);
    void (*window_leave)(ss_holder *holder);
    void (*window_make_permanent)(ss_holder *holder);
    uint32_t (*window_tag)(const ss_holder *holder);
    size_t (*window_bytes)(const ss_holder *holder);
    void (*window_grow)(ss_holder *holder, size_t bytes);
    int64_t (*window_refill)(ss_holder *holder, unsigned bin);
    void (*window_flush)(ss_holder *holder, unsigned bin);
    void (*window_drain)(ss_holder *holder);
    int64_t (*window_take)(ss_holder *holder, size_t size);
    superslab_error (*window_give)(ss_holder *holder, uint32_t offset);
    int (*window_pin)(ss_holder *holder, uint32_t offset);
    superslab_error (*window_unpin)(ss_holder *holder, uint32_t offset);
    superslab_error (*window_check)(const void *address);
    uint32_t (*window_stride)(unsigned bin);
    void (*window_stats)(const ss_holder *holder, ss_api_window_stats *out);
    size_t (*address_limit)(void); /* bytes of addresses that the process may have, or SIZE_MAX */
    /* Samples of blocks of windows; front/counted.h. */
    int64_t (*profile_distance)(uint64_t *state);
    void (*profile_sampled)(const void *block, size_t size, size_t stride);
    void (*profile_freed)(const void *block);
    /* Older copies do not have it: see `bytes`. False where no limit is known, and while another thread asks. */
    bool (*pressure)(ss_api_pressure *out);
    /* Older copies do not have it. Writes lines where the report near the limit goes; at most 4,096 bytes. */
    void (*pressure_note)(const char *text, size_t bytes);
} superslab_api;

/* This copy's own table. */
const superslab_api *ss_api_own(void);

/* The table of the copy that this one's addon uses, NULL until the addon sets it. Any number of threads may set it, all
 * to the same table. False if the system does not let it be set. */
bool ss_api_use(const superslab_api *api);
const superslab_api *ss_api_used(void);

/* Called by the preload library, before other copies can ask. The first says that this copy is the process's malloc;
 * the second that it leaves the process alone, so other copies pass it over. */
void ss_api_serve_malloc(void);
void ss_api_withdraw(void);

/* The table of the first copy in load order that has not withdrawn, this one's if there is no other. NULL if that copy
 * has another ABI, or if it is mapped but its constructor has not run within SS_API_WAIT_MILLISECONDS. `other`, which
 * may be NULL, then gets the copy's file and its ABI, which is SS_API_NOT_LOADED in the second case. */
#define SS_API_NOT_LOADED 0u
#define SS_API_WAIT_MILLISECONDS 5000u
#define SS_API_FILE_BYTES 1024u /* of a file's path; a longer one is cut */
typedef struct ss_api_conflict {
    uint32_t abi;
    char file[SS_API_FILE_BYTES];
} ss_api_conflict;
const superslab_api *ss_api_join(ss_api_conflict *other);

#endif
