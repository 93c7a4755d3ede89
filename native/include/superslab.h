/* superslab: a memory allocator of thread-local freelists over 2 MiB SuperSlabs.
 *
 * The public C API. Plain C11 and C++11. Every function may be called from any thread at any
 * time, before and after initialisation; none of them is safe inside a signal handler.
 *
 * Sizes are bytes. "Block" means what an allocating function returned. A block must be freed with
 * superslab_free or one of its sized forms, once, by any thread.
 */
#ifndef SUPERSLAB_H
#define SUPERSLAB_H

#include <stddef.h>
#include <stdint.h>

/* Define SUPERSLAB_SHARED to build the core into a library that programs link with. The package's own binaries export
 * none of these functions: they hand out the table at the end of this file. */
#if defined(SUPERSLAB_SHARED) && defined(__GNUC__)
#define SUPERSLAB_EXPORT __attribute__((visibility("default")))
#else
#define SUPERSLAB_EXPORT
#endif

#if defined(__GNUC__) && !defined(__cplusplus)
#define SUPERSLAB_ALLOCATES(...)                                                                   \
    __attribute__((malloc, warn_unused_result, alloc_size(__VA_ARGS__)))
#define SUPERSLAB_REALLOCATES(...) __attribute__((warn_unused_result, alloc_size(__VA_ARGS__)))
#else
#define SUPERSLAB_ALLOCATES(...)
#define SUPERSLAB_REALLOCATES(...)
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define SUPERSLAB_VERSION "0.1.0"

/* Copies of superslab in one process share one core when their ABI numbers are equal. */
#ifndef SUPERSLAB_ABI /* only tests override it */
#define SUPERSLAB_ABI 1
#endif

/* ---- allocate and free ------------------------------------------------------------------- */

/* At least `size` bytes, 16-byte aligned, contents undefined. A size of 0 gives a unique pointer to a block of no
 * bytes: to read or write it faults. The same holds for all functions below and for alignments to 64 KiB.
 * NULL and errno ENOMEM above PTRDIFF_MAX or when the system refuses memory. */
SUPERSLAB_EXPORT void *superslab_malloc(size_t size) SUPERSLAB_ALLOCATES(1);

/* As superslab_malloc(count * size), zeroed; NULL and ENOMEM when the product overflows. */
SUPERSLAB_EXPORT void *superslab_calloc(size_t count, size_t size) SUPERSLAB_ALLOCATES(1, 2);

/* Resizes a block, in place where its class or its run of pages allows. `block` may be NULL.
 * A size of 0 gives a block of no bytes. On NULL the old block is untouched. */
SUPERSLAB_EXPORT void *superslab_realloc(void *block, size_t size) SUPERSLAB_REALLOCATES(2);

/* As superslab_realloc(block, count * size); NULL and ENOMEM when the product overflows. */
SUPERSLAB_EXPORT void *superslab_reallocarray(void *block, size_t count, size_t size)
    SUPERSLAB_REALLOCATES(2, 3);

/* A block aligned to `alignment`, any power of two. NULL and errno EINVAL for another alignment,
 * ENOMEM as superslab_malloc. */
SUPERSLAB_EXPORT void *superslab_aligned_alloc(size_t alignment, size_t size)
    SUPERSLAB_REALLOCATES(2);

/* Frees a block; NULL is allowed. errno is preserved. Misuse goes to the error handler. */
SUPERSLAB_EXPORT void superslab_free(void *block);

/* As superslab_free, with the size of the request: a size that cannot have been the block's request is
 * reported as SUPERSLAB_ERROR_SIZE_MISMATCH, and the block stays live. */
SUPERSLAB_EXPORT void superslab_free_sized(void *block, size_t size);
SUPERSLAB_EXPORT void superslab_free_aligned_sized(void *block, size_t alignment, size_t size);

/* ---- ask about memory -------------------------------------------------------------------- */

/* Bytes the block can hold, at least the size of the request. 0 for NULL. */
SUPERSLAB_EXPORT size_t superslab_usable_size(const void *block);

/* Bytes that a block for a request of `size` holds: a request of that many bytes wastes nothing. */
SUPERSLAB_EXPORT size_t superslab_good_size(size_t size);

typedef enum superslab_address_kind {
    SUPERSLAB_ADDRESS_LIVE = 0,     /* start of a live block */
    SUPERSLAB_ADDRESS_INSIDE = 1,   /* inside a live block */
    SUPERSLAB_ADDRESS_CACHED = 2,   /* start of or inside a freed block that a thread keeps */
    SUPERSLAB_ADDRESS_FREE = 3,     /* start of or inside a free block of a slab */
    SUPERSLAB_ADDRESS_UNUSED = 4,   /* superslab's address space, no block there */
    SUPERSLAB_ADDRESS_FOREIGN = 5,  /* readable memory that is not superslab's */
    SUPERSLAB_ADDRESS_NO_ACCESS = 6 /* unmapped, not readable or not canonical */
} superslab_address_kind;

typedef struct superslab_inspection {
    superslab_address_kind kind;
    uintptr_t block;    /* start of the block that holds the address, or 0 */
    size_t usable_size; /* bytes that block can hold, or 0 */
    size_t stride;      /* bytes it occupies, or 0 */
    uintptr_t slab;     /* start of the slab or span around it, or 0; a guarded block has none */
} superslab_inspection;

/* Tells what lies at an address. Never faults, with any address, also while other threads unmap memory. */
SUPERSLAB_EXPORT void superslab_inspect(uintptr_t address, superslab_inspection *out);

/* Called for each block: a pointer into the visitor's own copy of what superslab_inspect would say of the block, with the
 * kind LIVE, CACHED (freed, and kept by a thread or an isolate) or FREE (in its slab). 0 goes on, any other number ends
 * the walk and becomes its result; -1 is for errors. No lock is held: it may allocate, free and wait. */
typedef int superslab_visitor(const superslab_inspection *block, void *context);

/* Visits the blocks of the space that the address `within` lies in (one of malloc's, a region, or a window of
 * JavaScript's), or of all spaces if it is NULL, in ascending order within a space. Free memory that is part of no slab
 * is not visited.
 *
 * While no other thread allocates or frees, each block is visited once, and their number and strides are those of
 * superslab_get_stats: what is live, cached and free. Otherwise each block that is live during the whole call is visited
 * once, as live; one that is allocated or freed meanwhile is visited as what it was at some moment of the call, or not at
 * all. Two things are told by what is found in memory: the blocks in the bins of a thread that is inside the allocator at
 * the moment at which it is looked at, or of any other thread where the system has no membarrier, may be visited as live
 * if they were never handed out; and a live block whose header was overwritten with 0 or 42 is visited as cached. Blocks
 * of a region that its owner keeps in bins of its own are live.
 *
 * Other threads wait for a few microseconds each; the call takes memory from the system for a list of the blocks in
 * bins, and gives it back. A region that is retired meanwhile is left at that point.
 *
 * 0 when all were visited, the visitor's number if it ended the walk, or -1 and errno: EINVAL without a visitor, EFAULT
 * if no space is at `within`, ENOMEM. */
SUPERSLAB_EXPORT int superslab_visit(const void *within, superslab_visitor *visitor, void *context);

/* ---- control ----------------------------------------------------------------------------- */

/* Prepares `count` blocks of `size` bytes: pages are faulted in and the calling thread's bin is
 * filled as far as its limit allows. Returns the number of ready blocks, less when memory is short. */
SUPERSLAB_EXPORT size_t superslab_prewarm(size_t size, size_t count);

/* Gives free memory back to the system: bins of the calling and of sleeping threads, empty slabs,
 * free pages. Returns the bytes given back by this call. */
SUPERSLAB_EXPORT size_t superslab_trim(void);

typedef struct superslab_stats {
    uint64_t live_blocks;
    uint64_t live_bytes;    /* strides of live blocks and spans of large ones */
    uint64_t cached_blocks; /* freed blocks in threads' bins and large caches */
    uint64_t cached_bytes;
    uint64_t slab_free_bytes;  /* free blocks inside slabs, and the unused ends of slabs */
    uint64_t slab_bytes;       /* granules that are part of a slab */
    uint64_t large_bytes;      /* granules of large or huge blocks, live or cached */
    uint64_t dirty_bytes;      /* free granules whose pages may still hold memory */
    uint64_t metadata_bytes;   /* committed for the allocator's own state */
    uint64_t reserved_bytes;   /* addresses reserved */
    uint64_t committed_bytes;  /* addresses made usable so far */
    uint64_t given_back_bytes; /* given back to the system, summed since the start */
    uint64_t slab_count;
    uint64_t thread_count;  /* threads that own a heap now */
    uint64_t guarded_reads; /* reads of foreign memory, made through the system */
    uint64_t foreign_frees; /* frees of foreign pointers */
    /* In a forked child: blocks in the bins of threads that were inside the allocator at the fork. They
     * stay counted as live. */
    uint64_t lost_blocks;
    uint64_t lost_bytes;
    /* Guarded blocks (docs/guards.md): the most in a second, 0 if there are none; since the start; live now. */
    uint64_t guard_rate;
    uint64_t guard_samples;
    uint64_t guarded_blocks;
} superslab_stats;

/* Exact while no other thread allocates or frees; a consistent estimate otherwise. */
SUPERSLAB_EXPORT void superslab_get_stats(superslab_stats *out);

/* ---- errors ------------------------------------------------------------------------------ */

typedef enum superslab_error {
    SUPERSLAB_OK = 0,
    SUPERSLAB_ERROR_DOUBLE_FREE = 1,
    SUPERSLAB_ERROR_INSIDE_BLOCK = 2,     /* the pointer lies inside a block */
    SUPERSLAB_ERROR_UNKNOWN_POINTER = 3,  /* no block of superslab was ever there */
    SUPERSLAB_ERROR_CORRUPTED_HEADER = 4, /* the byte before the block is not a header */
    SUPERSLAB_ERROR_WRONG_CLASS = 5,      /* the byte before the block is another class's header */
    SUPERSLAB_ERROR_SIZE_MISMATCH = 6,    /* a sized free with a size the block cannot have */
    SUPERSLAB_ERROR_OVERFLOW = 7,         /* bytes behind the block were written */
    SUPERSLAB_ERROR_UNDERFLOW = 8,        /* bytes before the block were written or read */
    SUPERSLAB_ERROR_USE_AFTER_FREE = 9,   /* the block was written or read after it was freed */
    SUPERSLAB_ERROR_WRONG_FREE =
        10 /* memory of new freed by free, or of malloc by delete, or new[] by delete */
} superslab_error;

/* Called on the thread that noticed the error. It may return (the pointer is then ignored: the block, if there
 * is one, leaks), leave by longjmp or end the process. It must not call superslab_set_error_handler. */
typedef void superslab_error_handler(superslab_error error, const void *pointer, void *context);

/* NULL restores the default: one line beginning `superslab:` on stderr, then abort. */
SUPERSLAB_EXPORT void superslab_set_error_handler(superslab_error_handler *handler, void *context);

/* A stable lower-case name, "double free" for example. */
SUPERSLAB_EXPORT const char *superslab_error_name(superslab_error error);

/* The error that superslab_free would report for this pointer, without freeing: SUPERSLAB_OK for the start of a
 * live block. Never faults. NULL is SUPERSLAB_ERROR_UNKNOWN_POINTER. */
SUPERSLAB_EXPORT superslab_error superslab_check(const void *block);

/* The same for superslab_free_sized. */
SUPERSLAB_EXPORT superslab_error superslab_check_sized(const void *block, size_t size);

/* ---- profile ------------------------------------------------------------------------------
 *
 * A profile tells which functions hold the memory: it samples what is allocated, with the stack that asked for it. It can
 * be started and stopped at any time, and costs nothing while it is stopped. docs/profiling.md has the format of what it
 * writes, and what it costs. */

typedef enum superslab_profile_error {
    SUPERSLAB_PROFILE_OK = 0,
    SUPERSLAB_PROFILE_UNAVAILABLE = 1, /* not on this system: it needs Linux on x86-64 or arm64 */
    SUPERSLAB_PROFILE_RUNNING = 2,     /* it was started already */
    SUPERSLAB_PROFILE_NOT_RUNNING = 3, /* it was never started */
    SUPERSLAB_PROFILE_RECORDED = 4,    /* all calls of the process are recorded: one or the other */
    SUPERSLAB_PROFILE_INVALID = 5,     /* the mean is 0, or very large */
    SUPERSLAB_PROFILE_NO_MEMORY = 6,
    SUPERSLAB_PROFILE_NOT_WRITTEN = 7, /* the descriptor takes no more */
    SUPERSLAB_PROFILE_BUSY =
        8 /* called in the handler of a signal that interrupted the profile: try again */
} superslab_profile_error;

/* The mean number of bytes between two samples that is usual: 512 KiB. */
#define SUPERSLAB_PROFILE_MEAN ((size_t)512 << 10)

/* Starts to sample, with one sample for each `mean` bytes that are allocated. What an earlier profile found is
 * forgotten. Blocks that are in use already are not known to it. */
SUPERSLAB_EXPORT superslab_profile_error superslab_profile_start(size_t mean);

/* Stops. What was found can still be written, and stays as it was then but for blocks that are freed. */
SUPERSLAB_EXPORT superslab_profile_error superslab_profile_stop(void);

/* 1 while it samples, else 0. */
SUPERSLAB_EXPORT int superslab_profile_is_running(void);

/* Writes the profile as text to a descriptor, also after it was stopped. May be called in the handler of a signal. */
SUPERSLAB_EXPORT superslab_profile_error superslab_profile_write(int descriptor);

/* The number of a label: a route or a tenant, for whom threads allocate. At most 1,024 labels of 63 bytes; a longer one is
 * cut. 0 if there is no room for another one, if the text is NULL or empty, or before a profile was first started. */
SUPERSLAB_EXPORT uint32_t superslab_profile_label(const char *text);

/* Sets the label of what the calling thread allocates from now on, 0 for none. Returns the one before. */
SUPERSLAB_EXPORT uint32_t superslab_profile_set_label(uint32_t label);

/* A stable lower-case text, "already running" for example. */
SUPERSLAB_EXPORT const char *superslab_profile_error_name(superslab_profile_error error);

/* ---- regions of the caller's memory ------------------------------------------------------ */

/* Memory of another owner (a SharedArrayBuffer, shared memory), which superslab cuts into blocks without
 * keeping any state of its own inside: a stray write there can spoil data but not the allocator.
 * Blocks are offsets; several threads may take and give at once without a lock. */
typedef struct superslab_region superslab_region;

/* `base` must be page aligned; `bytes` is usable now and can grow to `limit` (at most 4 GiB - 64 KiB).
 * NULL and errno EINVAL or ENOMEM. */
SUPERSLAB_EXPORT superslab_region *superslab_region_adopt(void *base, size_t bytes, size_t limit);

/* The owner of the memory made it larger. */
SUPERSLAB_EXPORT void superslab_region_grow(superslab_region *region, size_t bytes);

/* Takes up to `count` blocks that hold `size` bytes each into `offsets`; returns their number. 0 means
 * that the region must grow (errno EAGAIN) or cannot (ENOMEM). */
SUPERSLAB_EXPORT size_t superslab_region_take(superslab_region *region, size_t size,
                                              uint32_t *offsets, size_t count);

/* Returns blocks. Offsets that are no live block are skipped and not counted; the result is the number of
 * blocks that became free. */
SUPERSLAB_EXPORT size_t superslab_region_give(superslab_region *region, const uint32_t *offsets,
                                              size_t count);

/* Bytes the block at `offset` can hold, or 0 when no block starts there. */
SUPERSLAB_EXPORT size_t superslab_region_usable_size(superslab_region *region, uint32_t offset);

/* Forgets the region; its memory is untouched. No thread may be using it. */
SUPERSLAB_EXPORT void superslab_region_retire(superslab_region *region);

/* ---- blocks that JavaScript allocated ----------------------------------------------------
 *
 * The Buffers of the npm package lie in shared memory that superslab cuts into blocks. A native addon gets
 * a block's address from `address(buffer)` or from napi_get_buffer_info; these functions take it. After
 * JavaScript has read the address, the block stays mapped until it is freed, even if its isolate ends. */

/* Bytes the block at `address` can hold; 0 when no live block of JavaScript starts there, or when two isolates
 * freed a block in one instant and the core does not know the length of its successor. */
SUPERSLAB_EXPORT size_t superslab_window_usable_size(const void *address);

/* Frees the block, from any thread, as `free(buffer)` does: once, either in C or in JavaScript. An error says
 * why nothing was freed; it does not go to the error handler. */
SUPERSLAB_EXPORT superslab_error superslab_window_free(const void *address);

/* ---- all of it as a table ----------------------------------------------------------------
 *
 * For code that cannot link with superslab, such as other addons in a Node process: superslab_node.h finds it. */

/* Valid until the process ends, in every thread. Later versions add functions at its end. */
typedef struct superslab_functions {
    uint32_t abi;        /* SUPERSLAB_ABI of the copy whose table it is */
    uint32_t bytes;      /* of the table there */
    const char *version; /* SUPERSLAB_VERSION there */
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
    size_t (*window_usable_size)(const void *address);
    superslab_error (*window_free)(const void *address);
    int (*visit)(const void *within, superslab_visitor *visitor, void *context);
    superslab_profile_error (*profile_start)(size_t mean);
    superslab_profile_error (*profile_stop)(void);
    int (*profile_is_running)(void);
    superslab_profile_error (*profile_write)(int descriptor);
    uint32_t (*profile_label)(const char *text);
    uint32_t (*profile_set_label)(uint32_t label);
    const char *(*profile_error_name)(superslab_profile_error error);
} superslab_functions;

#ifdef __cplusplus
}
#endif

#endif
