/* The rendezvous: several copies of this library in one process (the addon of two versions of the
 * package, the preload library) find each other and use the heap of the first one loaded.
 *
 * Every copy carries an ELF note (a Mach-O section on macOS) with the magic, its ABI and the place of
 * its function table. Symbols would not do: addons are loaded RTLD_LOCAL and do not see each other's. */
#ifndef SS_API_H
#define SS_API_H

#include "superslab.h"

#define SS_API_TEXT(x) #x
#define SS_API_STRING(x) SS_API_TEXT(x)

/* By these the addons of a process, whichever copy each is of, let one thread at a time ask about an
 * address and then use it. Taken while not 0; the heap itself never looks at them. */
#define SS_API_CLAIM_COUNT 64u
typedef struct ss_api_claim {
    uint32_t taken;
    char apart[60]; /* two threads that use two addresses share no cache line */
} ss_api_claim;

typedef struct superslab_api {
    uint32_t abi;   /* SUPERSLAB_ABI of the copy that fills the table */
    uint32_t bytes; /* sizeof(superslab_api) there: later copies may know more functions */
    const char *version;
    const char *file; /* the object that serves the heap */
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *block, size_t size);
    void *(*aligned_alloc)(size_t alignment, size_t size);
    void (*free)(void *block);
    void (*free_sized)(void *block, size_t size);
    size_t (*usable_size)(const void *block);
    size_t (*good_size)(size_t size);
    void (*inspect)(uintptr_t address, superslab_inspection *out);
    size_t (*prewarm)(size_t size, size_t count);
    size_t (*trim)(void);
    void (*get_stats)(superslab_stats *out);
    void (*set_error_handler)(superslab_error_handler *handler, void *context);
    const char *(*error_name)(superslab_error error);
    superslab_error (*check)(const void *block);
    superslab_error (*check_sized)(const void *block, size_t size);
    superslab_region *(*region_adopt)(void *base, size_t bytes, size_t limit);
    void (*region_grow)(superslab_region *region, size_t bytes);
    size_t (*region_take)(superslab_region *region, size_t size, uint32_t *offsets, size_t count);
    size_t (*region_give)(superslab_region *region, const uint32_t *offsets, size_t count);
    size_t (*region_usable_size)(superslab_region *region, uint32_t offset);
    void (*region_retire)(superslab_region *region);
    ss_api_claim *claims;
    uint32_t serves_malloc; /* 1: the process's malloc is this copy's */
} superslab_api;

/* This copy's own table. */
const superslab_api *ss_api_own(void);

/* Said by the preload library, before other copies can ask: this copy is the process's malloc; or it
 * leaves the process alone, and others are to look further. */
void ss_api_serve_malloc(void);
void ss_api_withdraw(void);

/* The table of the first copy in load order that has not withdrawn, this one's if there is no other.
 * NULL when that copy has another ABI: `other` then says which and where it is, for the error message. `other` may be NULL. */
typedef struct ss_api_conflict {
    uint32_t abi;
    char file[256];
} ss_api_conflict;
const superslab_api *ss_api_join(ss_api_conflict *other);

#endif
