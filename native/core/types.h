/* The words of this allocator, then the structures they name.
 *
 * page        what the operating system calls one
 * granule     64 KiB, aligned: the unit of the span layer and of the registry
 * SuperSlab   2 MiB: 32 granules, the unit in which addresses are reserved and committed
 * span        a run of granules handed out together
 * run         a run of free granules
 * space       one contiguous range of addresses with its registry, its runs and its slabs:
 *             headed (blocks carry a header byte), headless (they do not), or external (headless,
 *             in memory that the caller owns)
 * region      the addresses of one space, at a random place; what is reserved of it grows with use
 * registry    from an address to what lies there: one entry a granule, in a flat array a space
 * slab        a span cut into blocks of one size class, with a bitmap of those that are free
 * block       what malloc returns; a large block is a span of its own, a huge one several SuperSlabs long
 * stride      the distance between blocks of a slab: the bytes one occupies
 * header      the byte before a headed block: its bin while live, SS_HEADER_FREED after a free
 * size class  one stride; headed and headless classes are numbered apart
 * bin         a thread's stack of free blocks of one class; also the class's index among all bins
 * heap        one thread's bins and the slabs it takes from
 * owner       the heap that alone may take blocks from a slab; a slab without one is abandoned, and
 *             listed if it has free blocks; whoever takes it from the list adopts it
 * spare       a slab whose blocks are all free that stays listed for its class instead of ending
 * window      an external region that isolates of a JavaScript engine share, with a table of what is
 *             live in it; holder: one of those isolates; magazine: its cache of blocks of one class;
 *             pin: what holds a block's free off while something still uses it
 * flush       blocks going from a bin back to their slabs in one batch; refill the other way
 * remote free a block flushed to a slab that another heap owns
 * dirty       free, but its pages may still hold memory; purge gives that memory back
 * scavenger   the background thread that gives back what nobody has used for a while
 * tick        the scavenger's unit of time: it wakes once in each
 */
#ifndef SS_TYPES_H
#define SS_TYPES_H

#include "config.h"
#include "container.h"
#include "lock.h"
#include "settings.h"
#include "superslab.h"

#include <stdatomic.h>

#define SS_LIKELY(x) __builtin_expect(!!(x), 1)
#define SS_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define SS_COLD __attribute__((noinline, cold))
/* Not cold, but what it keeps in registers is not to be saved by its caller. */
#define SS_APART __attribute__((noinline))
#define SS_CACHE_LINE 64
/* Zeroed data that lies behind all other: arrays of which little or nothing is touched would keep apart
 * what is, on more pages than it takes. */
#define SS_BEHIND __attribute__((common))

/* The baseline of x86-64 has no instruction for it, and the compiler's function is slow. */
static inline uint32_t ss_popcount(uint64_t bits) {
    if ((bits & (bits - 1)) == 0)
        return bits != 0;
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
    bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (uint32_t)(bits * UINT64_C(0x0101010101010101) >> 56);
}

#define SS_HEADER_FREED 0x2a

/* ---- size classes ---- */

typedef struct ss_class {
    uint32_t stride;
    uint32_t reciprocal; /* ceil(2^31 / (stride / 16)): a block's index by multiplication */
    uint16_t capacity;   /* blocks a slab */
    uint16_t max_blocks; /* a bin's largest capacity */
    uint8_t granules;    /* granules a slab */
    uint8_t first;       /* offset of block 0 in its slab: 16 if headed, else 0 */
} ss_class;

/* ---- slabs ---- */

/* A slab's state is one word: the number of its free blocks that nobody has reserved, who may take
 * them, and whether it is on its class's list. The protocol is in slab.h. */
#define SS_STATE_COUNT UINT64_C(0xffff)
#define SS_STATE_OWNED (UINT64_C(1) << 16)
#define SS_STATE_LISTED (UINT64_C(1) << 17)
#define SS_STATE_DEAD (UINT64_C(1) << 18)
#define SS_STATE_SPARE (UINT64_C(1) << 19)  /* listed, all blocks free, and counted as a spare */
#define SS_STATE_PARKED (UINT64_C(1) << 20) /* owned by who holds park_lock */
#define SS_STATE_OWNER_SHIFT 32
#define SS_STATE_OWNER (~UINT64_C(0) << SS_STATE_OWNER_SHIFT)

/* The record of a slab, in 64-byte units of its space's record arena, never in the slab itself. Every
 * word but `looked` and `purged`, which are the owner's, is atomic: a record is read by whoever looks up an address,
 * and may become another slab's at any time for those who have no block of it. */
typedef struct ss_slab {
    _Atomic uint64_t state;
    _Atomic uint64_t info; /* what it is, in one word: see ss_slab_look */
    _Atomic uint32_t next; /* record id of the next slab on the list, or of its owner's ring */
    uint32_t prev;         /* the owner's: in its ring */
    uint32_t looked;       /* the owner's: what the scavenger saw last, 0 since a take; purge.c */
    _Atomic uint32_t own;  /* blocks that are free by the owner's bits; only the owner writes */
    uint64_t purged;       /* units of the slab that hold no memory; see purge.c */
    uint64_t words;        /* the owner's: one bit for each word of its bits that is not 0 */
    /* One bit a block, set while the block is free and in no bin: in the first half of the words what anybody gave
     * back, in the second half what the owner gave back, which nobody else writes. */
    _Atomic uint64_t bits[];
} ss_slab;
_Static_assert(sizeof(ss_slab) == 48, "bits of slabs to 64 blocks share the state's cache line");

#define SS_RECORD_SHIFT 6
#define SS_RECORD_MAX_UNITS 17u /* that of a granule in blocks of 16 bytes */

/* ---- the registry's entries ---- */

#define SS_ENTRY_KIND_SHIFT 30
#define SS_ENTRY_VALUE ((UINT32_C(1) << SS_ENTRY_KIND_SHIFT) - 1)
typedef enum ss_entry_kind {
    SS_ENTRY_NONE = 0, /* value: 0, or how many granules are held from here on; see ss_span_hold */
    SS_ENTRY_SLAB = 1, /* value: the slab's record id; in every granule of the slab */
    SS_ENTRY_LARGE =
        2, /* value: granules of a large block, 0 once it is freed; in its first granule */
    SS_ENTRY_CACHED = 3 /* likewise, of one that was freed and is in a heap's large cache */
} ss_entry_kind;

/* ---- free runs and spaces ---- */

/* A free run of granules is kept in the node of its first granule and has its length at both ends, so that
 * its neighbours find it (boundary tags: Knuth, TAOCP 1, 2.5). A granule is dirty or clean, that is known to
 * read as zero; a run is dirty if any granule of it is. */
typedef enum ss_run_kind { SS_RUN_DIRTY, SS_RUN_CLEAN, SS_RUN_KINDS } ss_run_kind;

typedef struct ss_granule {
    uint32_t length; /* at either end of a free run, 0 anywhere else */
    uint32_t list;   /* in which it is */
    uint32_t prev,
        next;        /* in the same list; granule + 1, 0 ends. Of a span that is held: its holder */
    uint32_t dirty;  /* how many granules of the run are. Of spans that go back: the next one */
    uint32_t stamp;  /* dirty runs: when they became so; see ss_space.clock */
    uint32_t mask;   /* one of its SuperSlab's, of nothing to do with this granule */
    uint32_t unused; /* two nodes a cache line */
} ss_granule;

/* A SuperSlab's masks of its granules, in the nodes of the first of them: an array of their own would take a
 * small process another page. */
typedef enum ss_mask {
    SS_MASK_DIRTY,  /* free and dirty */
    SS_MASK_STARTS, /* a free run starts here */
    SS_MASK_MOVED   /* mapped by a page move */
} ss_mask;

/* Lists of free runs, dirty ones and clean ones apart: one for each length to 64 granules, then 8 a
 * doubling, and one for the run at the end of the space, which is taken from last, however short it is
 * (wilderness preservation: Korn and Vo, In search of a better malloc, 1985). */
#define SS_RUN_EXACT 64u
#define SS_RUN_LISTS 192u
#define SS_RUN_LAST                                                                                \
    (SS_RUN_LISTS - 1) /* no run is as long as this list would otherwise stand for */

typedef struct ss_runs {
    uint64_t nonempty[SS_RUN_KINDS * SS_RUN_LISTS / 64];
    uint32_t head[SS_RUN_KINDS * SS_RUN_LISTS]; /* granule + 1, 0 for none */
} ss_runs;

/* See biased.h. Of `owner`: the address of a heap, or 0; the mark; and a count of owners, by which one who was
 * late tells a heap that owns the lock again. */
#define SS_BIASED_MARK UINT64_C(1)
#define SS_BIASED_HEAP (((UINT64_C(1) << 48) - 1) & ~(uint64_t)(SS_CACHE_LINE - 1))
#define SS_BIASED_COUNT (UINT64_C(1) << 48)

typedef struct ss_biased_lock {
    _Atomic uint64_t owner;
    bool by_owner; /* under the lock: taken by the thread of its owner */
    ss_lock lock;  /* everybody else's */
    /* Written under the lock: which heap took it last but as its owner, and how often in a row. */
    const struct ss_heap *last;
    _Atomic uint32_t streak;
} ss_biased_lock;

typedef enum ss_space_kind { SS_SPACE_HEADED, SS_SPACE_HEADLESS, SS_SPACE_EXTERNAL } ss_space_kind;

typedef struct ss_space {
    /* Set once, before the space is published. */
    uintptr_t base;
    ss_space_kind kind;
    uint8_t index;
    /* Headless spaces: a byte for each 32, the bin of the live block of a slab that starts there, or 0: the
     * header that it does not carry. The class of bin 0 is of 16 bytes, so no such block has it.
     * External spaces: a window's table, or NULL. With one, free memory is given back like our own; without
     * one it is not ours to give. */
    _Atomic uint8_t *live;
    _Atomic uint32_t *entries;
    ss_granule *granules;
    char *
        records; /* its end: they lie below the entries, so that the first of both are on one page */

    /* Addresses that are reserved, and how many there may be: `most` comes down to `bytes` where the system has
     * placed something else behind them. Written under spaces_lock. External spaces: the limit, both. */
    _Atomic size_t bytes, most;
    _Atomic size_t records_limit; /* bytes of records for which there are addresses */
    char *meta;                   /* what is reserved for these arrays; under spaces_lock */
    size_t meta_bytes;

    /* Commit frontiers. They only grow, and committing twice is harmless, so no lock is held. */
    _Atomic size_t entries_ready, granules_ready, records_ready; /* bytes */
    _Atomic size_t live_ready;     /* headless spaces: likewise, as far as there are slabs */
    _Atomic size_t external_bytes; /* external spaces: what the owner has made usable */

    /* Lists of abandoned slabs with free blocks, one a bin of the space: tag << 32 | record id. */
    _Alignas(SS_CACHE_LINE) _Atomic uint64_t listed[SS_SPACE_BINS];
    _Atomic uint32_t spares[SS_SPACE_BINS]; /* how many of those are spares */
    _Atomic size_t spare_granules;

    _Alignas(SS_CACHE_LINE) ss_biased_lock lock; /* guards all below, and `granules` */
    uint32_t granule_count;                      /* usable granules: the first so many */
    ss_runs runs;
    uint32_t changes;      /* spans taken and released since the statistics were published */
    uint32_t look_after;   /* so many changes: then it is time to see how much is different */
    size_t published;      /* used_granules when they were */
    size_t noted;          /* used_granules when publish_late was last set */
    uint32_t dirty_end;    /* nothing from this granule on is dirty */
    uint32_t clock;        /* counts releases: the age of runs is told by it */
    _Atomic uint32_t held; /* spans that are neither free nor in use; see ss_span_hold */
    uint32_t shrinks; /* how often the end came down: who committed for an older one did in vain */
    uintptr_t shrinking; /* the thread that decommits the end outside the lock, 0 for none */
    size_t used_granules, dirty_granules; /* dirty: free and dirty */
    /* The most granules that were used: in the present tick and the latest ones, in the present one, and in each
     * of the latest, of which peak_at is the oldest. */
    uint32_t peak, peak_now, peak_of[SS_DECAY_TICKS], peak_at;
    uint32_t returning;                /* the first of the spans that go back before they are free,
                                          granule + 1, linked by `dirty`; see dirty.h */
    uint32_t returning_granules;       /* how many granules these spans have */
    uint32_t releases;                 /* without a scavenger: until the clock is read */
    uint64_t peak_since;               /* likewise: when the present tick began, in nanoseconds */
    uint32_t clock_at[SS_DECAY_TICKS]; /* the clock at the latest ticks */
    _Atomic bool aged;   /* what is released now was idle before; approximate for other threads' */
    size_t records_used; /* bytes */
    uint32_t free_records[SS_RECORD_MAX_UNITS + 1];
} ss_space;

/* ---- faults ---- */

/* A pointer that was found wrong; reported when no state is in the middle of a change. */
typedef struct ss_fault {
    superslab_error error;
    const void *pointer;
} ss_fault;

#define SS_FAULT_COUNT 8u
typedef struct ss_faults {
    ss_fault fault[SS_FAULT_COUNT]; /* the first ones */
    uint32_t count;
} ss_faults;

/* ---- heaps and threads ---- */

struct ss_heap;

/* All that a thread has of its own, and all that its hot paths touch but slots and blocks. The protocol for
 * sleeping threads is in thread.h. */
typedef struct ss_thread {
    _Atomic uint8_t busy; /* 1 while the thread is inside an allocator function */
    /* How far the hot paths may go; all are 0 while the thread is closed: unborn, parked or ended. Bytes
     * of the first headed space whose memory may be read, and the sizes below which a bin and a step of
     * bin_of_step serve. */
    _Atomic size_t headed_end, small_end, tiny_end;
    uintptr_t headed_base;          /* of the process; here it takes no instruction to load it */
    _Atomic(struct ss_heap *) heap; /* its heap, or NULL while it is closed */
    struct ss_heap *own;            /* its heap whatever `heap` says; only this thread reads it */
    /* The bins' slots pushed last. A pop and a push touch one word here and the slots beside it. Only the
     * owner writes, or who has parked it; statistics read. */
    _Alignas(SS_CACHE_LINE) uint8_t bin_of_step[SS_TINY_STEPS];
    _Alignas(SS_CACHE_LINE) _Atomic(void **) top[SS_BIN_COUNT];
} ss_thread;

/* A bin's slots: the bottom, which holds NULL, so that a pop from an empty bin finds it in the value it
 * loads anyway; the blocks; above them vacant slots, which hold the header of the bin's live blocks, so that
 * one comparison tells a push both that the block is live and that there is room; and the lid, which is no
 * header. Headless blocks have none, and their vacant slots hold a number that no header has either: to the
 * hot free bin 0, of a granule without a slab, is full. */
#define SS_BIN_LID ((void *)0x100)
#define SS_BIN_SLOTS_EXTRA 2u
static inline void *ss_headless_vacant(size_t bin) {
    return (void *)(bin + 0x200);
}
static inline void *ss_bin_vacant(size_t bin) {
    return bin >= SS_BIN_HEADED ? (void *)bin : ss_headless_vacant(bin);
}

/* The slabs of one class that a heap owns, all of one space, linked in a ring by their `next` and `prev`. */
typedef struct ss_ring {
    ss_slab *first;         /* taken from; NULL while there is none */
    _Atomic uint32_t count; /* the scavenger reads it */
} ss_ring;

/* The part of a bin that the hot path does not touch. */
typedef struct ss_bin {
    _Atomic(void **) slots; /* from the bottom on, capacity + 2 of them; statistics read it */
    ss_ring ring;
    _Atomic uint16_t capacity; /* blocks; statistics read it */
    uint16_t left;             /* blocks in it, while no thread has the heap: after a fork alone */
    uint32_t mark;             /* the scavenger's, under park_lock: see ss_heap_age */
} ss_bin;

/* Spans of large blocks that the heap's thread freed last: see large_cache.h. */
typedef struct ss_large_cache {
    uint32_t granules, room; /* of all spans, and how many these may be */
    /* Spans taken from it: the owner writes, the background thread looks whether it moves. */
    _Atomic uint32_t hits;
    uint32_t hits_aged; /* `hits` when it was last aged */
    uint32_t next;      /* the slot that is emptied next when it is full */
    /* Whether it is of use, and if not, how often in a row that was found and what the thread has freed since. */
    uint32_t hits_judged, lost, failures, frees;
    /* The first granule above, the length below, 0 for none; SS_CACHED_OLD. */
    uint64_t
        span[SS_LARGE_CACHE_SPANS + 1]; /* and one that is never used: a search may look at it */
} ss_large_cache;

typedef struct ss_heap {
    _Atomic(void **) *top; /* of its bins, in its thread's block; others read it under top_lock */
    uint64_t used[(SS_BIN_COUNT + 63) / 64]; /* one bit a bin, set if it has room or a slab */
    bool inherited; /* bins hold what they had in the parent of a fork: see `left` */
    ss_bin bin[SS_BIN_COUNT];
    uint32_t id;
    ss_large_cache large;
    size_t bins_bytes;  /* what its bins may hold by their limits */
    size_t freed_bytes; /* what it has freed into slabs or taken from them, and not told of yet */
    /* The lock that its thread is inside of as the owner, or about to find that it is not; biased.h. */
    _Atomic(struct ss_biased_lock *) inside;
    _Atomic uint32_t cold; /* its thread's cold paths; stands still while the thread sleeps */
    _Atomic uint32_t cold_flushed; /* `cold` when the heap was last flushed */
    /* The scavenger's, under park_lock. */
    uint32_t cold_seen;        /* `cold` at the last tick */
    uint32_t ticks;            /* since it last moved */
    uintptr_t tops;            /* the sum of the tops at the last tick */
    ss_lock top_lock;          /* held to follow `top`, or to change it */
    ss_lock thread_lock;       /* held to park the thread or to let it end, or while it forks */
    bool forks;                /* its thread has thread_lock, to fork */
    bool flushing;             /* who has parked the thread is at its bins */
    bool forsaken;             /* the same, in a child that does not have the thread */
    void *observed;            /* its thread's, for the observer; observe.h */
    bool bereft;               /* in a child: its slabs are to be listed */
    uintptr_t holder;          /* under heaps_lock: the thread that has this heap, 0 for none */
    ss_thread *thread;         /* under thread_lock; NULL while nobody has this heap */
    struct ss_heap *next;      /* all heaps ever made */
    struct ss_heap *next_free; /* under heaps_lock */
} ss_heap;

/* ---- statistics ---- */

/* A look at all slabs and bins that is taken in portions; all 0 before it begins. */
typedef struct ss_stats_walk {
    superslab_stats stats; /* of what was seen */
    uint32_t place;        /* of the space that is looked through, in ss_process_data.spaces */
    uint32_t granule;      /* of this space: the next one */
    bool at_heaps;         /* all spaces are done, the next heap is: */
    struct ss_heap *heap;
} ss_stats_walk;

/* Whether heaps keep the slabs that they give back to; own.h. */
typedef enum ss_keeping {
    SS_KEEPING_BY_COUNT, /* if there is one thread; until the scavenger knows more */
    SS_KEEPING_ALONE,    /* one heap at most is in use: it does */
    SS_KEEPING_AMONG,    /* several are, and a slab that one keeps another makes anew: none does */
    SS_KEEPING_NEVER /* nobody could let go of what has grown old: without a scavenger, or a barrier */
} ss_keeping;

/* ---- the process ---- */

#define SS_META_ORDERS 32u /* sizes of own blocks, to 32 KiB: meta.c */

/* What a thread that leaves a cold path must see to. */
#define SS_ATTENTION_SCAVENGER 1u /* start it */
#define SS_ATTENTION_FAULTS 2u    /* report what it found */

typedef struct ss_process_data {
    /* First malloc's, which stay for ever, then the external ones, which may be retired: whoever looks
     * through those counts itself in external_readers meanwhile. */
    _Atomic(ss_space *) spaces[SS_SPACE_COUNT];
    _Atomic uint32_t space_count, external_count; /* places in use; retired ones are NULL */
    _Atomic uint32_t external_readers[2];         /* by the phase in which they began */
    _Atomic uint32_t external_phase;              /* the one in which readers begin now */
    ss_class classes[SS_BIN_COUNT];
    bool shares_classes;                 /* written before there is a heap; class.h */
    _Atomic bool alone[SS_HEADED_COUNT]; /* a class has slabs of its own */
    _Atomic bool observed;               /* written before there is a heap; observe.h */

    /* An ss_init_state. */
    _Atomic uint32_t init_state;
    ss_lock init_lock;           /* of the thread that initialises; system calls are made with it */
    ss_lock fork_lock;           /* tried by who would register the handlers of fork */
    _Atomic bool fork_handled;   /* they are registered */
    _Atomic uint32_t process_id; /* of the process whose memory this is; see ss_process_is_own */
    _Atomic bool
        unhandled_copy;  /* no handler of fork ran in it: it may end with its thread alone */
    ss_lock spaces_lock; /* making and retiring spaces */
    _Atomic uint32_t barrier_able; /* whether the system has one, once somebody has asked */
    ss_lock park_lock;             /* one thread parks others, or holds listed slabs, at a time */
    _Atomic uint32_t flushes;      /* odd while blocks of parked heaps go home, under park_lock */

    ss_lock heaps_lock;
    _Atomic(ss_heap *) heaps;
    ss_heap *free_heaps;
    uint32_t heap_count;
    _Atomic uint32_t thread_count;
    _Atomic uint32_t keeping; /* an ss_keeping */

    ss_lock meta_lock;
    char *meta, *meta_end, *meta_ready; /* the current chunk: next byte, its end, committed up to */
    void *free_meta[SS_META_ORDERS];

    _Atomic size_t metadata_bytes, reserved_bytes, given_back_bytes;
    _Atomic size_t committed_bytes[SS_SPACE_EXTERNAL]; /* headed, headless */
    _Atomic size_t charged_bytes; /* used or dirty; counted where SUPERSLAB_LIMIT is set alone */
    _Atomic size_t bins_bytes;    /* what all bins together may hold by their limits */
    _Atomic size_t large_cache_granules; /* what all large caches together may hold */
    _Atomic uint64_t guarded_reads, foreign_frees;
    _Atomic uint64_t lost_blocks,
        lost_bytes;    /* see ss_heap_inherit; written in a forked child alone */
    _Atomic bool lent; /* for want of memory some request got a block of a larger class */
    _Atomic uint32_t moved_superslabs; /* those with a granule in `moved` */

    ss_lock windows_lock; /* windows, their holders and pins */
    struct ss_window *windows;

    ss_settings settings; /* written by init alone */

    _Atomic uint32_t attention;       /* SS_ATTENTION_ bits */
    _Atomic uint32_t scavenger;       /* ss_scavenger_state */
    _Atomic uint32_t scavenger_wants; /* those since the system has refused it, and before */
    _Atomic uint32_t scavenger_wakes; /* the word it waits on, counted up to wake it */
    _Atomic uint64_t tick_due;  /* without a thread: when the next tick is to be, in nanoseconds */
    ss_container container;     /* the scavenger's */
    _Atomic bool at_once;       /* what is free goes back at once: no decay, or near a limit */
    _Atomic bool hurry;         /* a call left more to give back than it may do itself */
    _Atomic size_t grown_bytes; /* committed since the container was last asked */
    _Atomic size_t grown_step;  /* how much calls for asking it again; SIZE_MAX: no limit */
    _Atomic size_t freed_bytes; /* into slabs since the scavenger last looked through them */
    ss_lock late_lock;
    ss_faults late; /* found by the scavenger, which must not report: under late_lock */

    _Atomic bool publish_due;
    _Atomic bool publish_late; /* the scavenger is to publish, whatever else there is to do */
    ss_lock publish_lock;      /* tried, never waited for */
    ss_stats_walk
        publish_walk; /* of the calls that publish where there is no scavenger: under that lock */
    ss_os_page page;  /* start is NULL while there is none */
    uint32_t page_owner; /* the process that made the page or was refused it; 0 before */
} ss_process_data;

/* Hidden: reached without the global offset table. */
extern ss_process_data ss_process_state __attribute__((visibility("hidden")));

/* Where the first headed space begins. Before init it is so high that no address lies behind it, NULL
 * neither: a thread may still see that while others have begun. */
#define SS_NO_BASE ((uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1))
extern _Atomic uintptr_t ss_headed_base __attribute__((visibility("hidden")));
/* The same for realloc, unless there is an observer. */
extern _Atomic uintptr_t ss_resize_base __attribute__((visibility("hidden")));
/* So many of its granules are committed. */
extern _Atomic size_t ss_headed_end __attribute__((visibility("hidden")));

/* The first headless space: where almost every block without a header is. Before init an empty one. */
extern _Atomic(ss_space *) ss_headless __attribute__((visibility("hidden")));
/* The same for the free of aligned blocks, unless there is an observer. */
extern _Atomic(ss_space *) ss_headless_hot __attribute__((visibility("hidden")));

/* The bin of the slab in each granule of the first headed space, 0 where there is none: the hot free's
 * registry. Only pages of it for granules that were used cost memory. */
extern _Atomic uint8_t ss_headed_bins[SS_HEADED_GRANULES] __attribute__((visibility("hidden")));

#endif
