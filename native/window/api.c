#include "window/api.h"

#include "background/pressure.h"
#include "base/sealed.h"
#include "front/counted.h"
#include "front/fork.h"
#include "os/os.h"
#include "window/blocks.h"
#include "window/holder.h"
#include "window/magazine.h"
#include "window/windows.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* ---- this copy's beacon ----
 * Other copies find it through the note below, possibly before this object is relocated. So they read the table's
 * address only after the constructor has lit the beacon. */

_Static_assert(offsetof(ss_sealed, beacon) == 0, "the note names it by the structure's address");

#ifdef __ELF__
/* clang-format off */
__asm__(".pushsection .note.superslab, \"a\", %note\n"
        ".balign 4\n"
        ".long 10, 8, 1\n" /* lengths of name and contents, type */
        ".asciz \"superslab\"\n"
        ".balign 4\n"
        ".long " SS_API_STRING(SUPERSLAB_ABI) "\n"
        ".long ss_sealed_state - .\n"
        ".popsection\n");
/* clang-format on */
#else
/* The linker of macOS gathers this section; os_darwin.c reads it. */
__attribute__((section("__DATA,superslab"), used)) static const struct {
    uint32_t abi;
    struct ss_beacon *beacon;
} note = {SUPERSLAB_ABI, &ss_sealed_state.beacon};
#endif

static const superslab_functions functions = {
    .abi = SUPERSLAB_ABI,
    .bytes = sizeof(superslab_functions),
    .version = SUPERSLAB_VERSION,
    .malloc = superslab_malloc,
    .calloc = superslab_calloc,
    .realloc = superslab_realloc,
    .aligned_alloc = superslab_aligned_alloc,
    .free = superslab_free,
    .free_sized = superslab_free_sized,
    .usable_size = superslab_usable_size,
    .good_size = superslab_good_size,
    .inspect = superslab_inspect,
    .prewarm = superslab_prewarm,
    .trim = superslab_trim,
    .get_stats = superslab_get_stats,
    .set_error_handler = superslab_set_error_handler,
    .error_name = superslab_error_name,
    .check = superslab_check,
    .check_sized = superslab_check_sized,
    .region_adopt = superslab_region_adopt,
    .region_grow = superslab_region_grow,
    .region_take = superslab_region_take,
    .region_give = superslab_region_give,
    .region_usable_size = superslab_region_usable_size,
    .region_retire = superslab_region_retire,
    .window_usable_size = superslab_window_usable_size,
    .window_free = superslab_window_free,
    .visit = superslab_visit,
    .profile_start = superslab_profile_start,
    .profile_stop = superslab_profile_stop,
    .profile_is_running = superslab_profile_is_running,
    .profile_write = superslab_profile_write,
    .profile_label = superslab_profile_label,
    .profile_set_label = superslab_profile_set_label,
    .profile_error_name = superslab_profile_error_name,
};

/* The file that this object was loaded from, found by its own note. */
static char own_file[SS_API_FILE_BYTES];

static bool pressure_look(ss_api_pressure *out) {
    ss_container_use use;
    const bool known = ss_pressure_look(&use);
    *out = (ss_api_pressure){.used = use.used, .limit = use.limit, .near = use.near};
    return known;
}

/* Constant, so that the loader makes it read-only. There are two, because whether this copy is the process's malloc is
 * known only later. */
#define OWN_TABLE(serves)                                                                          \
    {                                                                                              \
        .functions = &functions, .file = own_file, .bytes = sizeof(superslab_api),                 \
        .claims = ss_api_claims, .window_join = ss_window_join, .window_leave = ss_window_leave,   \
        .window_make_permanent = ss_window_make_permanent, .window_tag = ss_window_tag,            \
        .window_bytes = ss_window_bytes, .window_grow = ss_window_grow,                            \
        .window_refill = ss_magazine_refill, .window_flush = ss_magazine_flush,                    \
        .window_drain = ss_magazine_drain, .window_take = ss_window_take,                          \
        .window_give = ss_window_give_held, .window_pin = ss_window_pin,                           \
        .window_unpin = ss_window_unpin, .window_check = ss_window_check,                          \
        .window_stride = ss_window_stride, .window_stats = ss_window_stats,                        \
        .address_limit = ss_os_address_limit, .profile_distance = ss_counted_distance,             \
        .profile_sampled = ss_counted_outside, .profile_freed = ss_counted_outside_freed,          \
        .pressure = pressure_look, .pressure_note = ss_pressure_note, .serves_malloc = serves,     \
    }

static const superslab_api own[] = {OWN_TABLE(0), OWN_TABLE(1)};

static bool find_own_file(uint32_t abi, struct ss_beacon *beacon, const char *file, void *context) {
    (void)abi, (void)context;
    if (beacon != &ss_sealed_state.beacon)
        return false;
    memcpy(own_file, file, strnlen(file, sizeof own_file - 1));
    return true;
}

static void beacon_set(ss_beacon_state from, ss_beacon_state to) {
    uint32_t state = from;
    /* Release: a copy that sees the beacon lit sees the table. */
    atomic_compare_exchange_strong_explicit(&ss_sealed_now->beacon.state, &state, to,
                                            memory_order_release, memory_order_relaxed);
}

__attribute__((constructor)) static void begin(void) {
    ss_os_each_beacon(find_own_file, NULL);
    if (ss_sealed_open()) {
        ss_fork_set_mender();
        ss_source_register(&ss_window_source);
        ss_sealed_now->beacon.api = ss_api_own();
        beacon_set(SS_BEACON_DARK, SS_BEACON_LIT);
        ss_sealed_close();
    }
    ss_fork_begin();
}

void ss_api_withdraw(void) {
    if (!ss_sealed_open())
        return;
    atomic_store_explicit(&ss_sealed_now->beacon.state, SS_BEACON_WITHDRAWN, memory_order_relaxed);
    ss_sealed_close();
}

void ss_api_serve_malloc(void) {
    if (!ss_sealed_open())
        return;
    /* Relaxed: set before other copies can ask. */
    atomic_store_explicit(&ss_sealed_now->serves_malloc, true, memory_order_relaxed);
    ss_sealed_now->beacon.api = ss_api_own();
    ss_sealed_close();
}

const superslab_api *ss_api_own(void) {
    return &own[atomic_load_explicit(&ss_sealed_now->serves_malloc, memory_order_relaxed)];
}

bool ss_api_use(const superslab_api *api) {
    if (ss_api_used() == api)
        return true;
    if (!ss_sealed_open())
        return false;
    /* Release: a thread that sees the address sees the table. */
    atomic_store_explicit(&ss_sealed_now->joined, api, memory_order_release);
    ss_sealed_close();
    return true;
}

const superslab_api *ss_api_used(void) {
    return atomic_load_explicit(&ss_sealed_now->joined, memory_order_acquire);
}

/* ---- the meeting ---- */

typedef struct beacon_search {
    unsigned skip; /* the number of copies, in load order, that have withdrawn */
    uint32_t abi;
    struct ss_beacon *beacon; /* NULL: no more */
    char file[SS_API_FILE_BYTES];
} beacon_search;

static bool take_first(uint32_t abi, struct ss_beacon *beacon, const char *file, void *context) {
    beacon_search *search = context;
    if (search->skip != 0) {
        search->skip--;
        return false;
    }
    search->abi = abi;
    search->beacon = beacon;
    strncpy(search->file, file, sizeof search->file - 1);
    return true;
}

/* Waits for the copy's constructor: another thread may be loading the copy. A copy whose constructor never runs stays
 * dark: some other kind of loader has mapped it, or the thread that loads it waits for this one. */
static ss_beacon_state beacon_wait(struct ss_beacon *beacon) {
    _Atomic uint32_t never = 0;
    uint32_t state;
    /* Acquire: pairs with the release in beacon_set; the table is read next. */
    for (unsigned waits = 0;
         (state = atomic_load_explicit(&beacon->state, memory_order_acquire)) == SS_BEACON_DARK &&
         waits < SS_API_WAIT_MILLISECONDS;
         waits++)
        ss_os_wait(&never, 0, 1);
    return (ss_beacon_state)state;
}

const superslab_api *ss_api_join(ss_api_conflict *other) {
    for (unsigned withdrawn = 0;; withdrawn++) {
        beacon_search first = {.skip = withdrawn, .beacon = NULL};
        ss_os_each_beacon(take_first, &first);
        if (first.beacon == NULL)
            return ss_api_own(); /* the linker dropped the notes: this copy is on its own */
        const ss_beacon_state state = beacon_wait(first.beacon);
        if (state == SS_BEACON_WITHDRAWN)
            continue;
        if (state == SS_BEACON_LIT && first.abi == SUPERSLAB_ABI)
            return first.beacon->api;
        if (other != NULL) {
            other->abi = state == SS_BEACON_DARK ? SS_API_NOT_LOADED : first.abi;
            memcpy(other->file, first.file, sizeof other->file);
        }
        return NULL;
    }
}
