#include "api.h"

#include "os/os.h"
#include "window.h"

#include <stdatomic.h>
#include <string.h>

/* ---- this copy's beacon ----
 * Found by others through the note below before this object's relocations may have been made, so
 * the table's address is read only after the constructor has lit it. */
typedef enum beacon_state { BEACON_DARK, BEACON_LIT, BEACON_WITHDRAWN } beacon_state;

/* The same in every ABI. */
struct ss_beacon {
    _Atomic uint32_t state;
    const superslab_api *api;
};

__attribute__((visibility("hidden"), used)) struct ss_beacon ss_beacon_here;

#ifdef __ELF__
/* clang-format off */
__asm__(".pushsection .note.superslab, \"a\", %note\n"
        ".balign 4\n"
        ".long 10, 8, 1\n" /* lengths of name and contents, type */
        ".asciz \"superslab\"\n"
        ".balign 4\n"
        ".long " SS_API_STRING(SUPERSLAB_ABI) "\n"
        ".long ss_beacon_here - .\n"
        ".popsection\n");
/* clang-format on */
#else
/* The linker of macOS gathers this section; os_darwin.c reads it. */
__attribute__((section("__DATA,superslab"), used)) static const struct {
    uint32_t abi;
    struct ss_beacon *beacon;
} note = {SUPERSLAB_ABI, &ss_beacon_here};
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
};

static superslab_api own = {
    .heap = &functions,
    .file = "",
    .bytes = sizeof(superslab_api),
    .claims = ss_api_claims,
    .window_join = ss_window_join,
    .window_leave = ss_window_leave,
    .window_last = ss_window_last,
    .window_tag = ss_window_tag,
    .window_bytes = ss_window_bytes,
    .window_grow = ss_window_grow,
    .window_refill = ss_magazine_refill,
    .window_flush = ss_magazine_flush,
    .window_drain = ss_magazine_drain,
    .window_take = ss_window_take,
    .window_give = ss_window_give_held,
    .window_pin = ss_pin_add,
    .window_unpin = ss_pin_remove,
    .window_check = ss_window_check,
    .window_stride = ss_window_stride,
    .window_stats = ss_window_stats,
    .address_limit = ss_os_address_limit,
};

/* Where this object was loaded from; its own note tells. */
static char own_file[256];

static bool find_own_file(uint32_t abi, struct ss_beacon *beacon, const char *file, void *context) {
    (void)abi, (void)context;
    if (beacon != &ss_beacon_here)
        return false;
    strncpy(own_file, file, sizeof own_file - 1);
    return true;
}

__attribute__((constructor)) static void beacon_light(void) {
    ss_os_each_beacon(find_own_file, NULL);
    own.file = own_file;
    ss_beacon_here.api = &own;
    uint32_t dark = BEACON_DARK;
    /* Release: who sees it lit sees the table. */
    atomic_compare_exchange_strong_explicit(&ss_beacon_here.state, &dark, BEACON_LIT,
                                            memory_order_release, memory_order_relaxed);
}

void ss_api_withdraw(void) {
    atomic_store_explicit(&ss_beacon_here.state, BEACON_WITHDRAWN, memory_order_relaxed);
}

void ss_api_serve_malloc(void) {
    own.serves_malloc = 1;
}

const superslab_api *ss_api_own(void) {
    return &own;
}

/* ---- the meeting ---- */

typedef struct beacon_search {
    unsigned skip; /* so many in load order that are known to have withdrawn */
    uint32_t abi;
    struct ss_beacon *beacon; /* NULL: no more */
    char file[256];
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

/* Another thread may be loading it; its constructor runs before its dlopen returns. */
static bool beacon_is_lit(struct ss_beacon *beacon) {
    uint32_t state;
    /* Acquire: the table is read after. */
    while ((state = atomic_load_explicit(&beacon->state, memory_order_acquire)) == BEACON_DARK)
        ss_os_yield();
    return state == BEACON_LIT;
}

const superslab_api *ss_api_join(ss_api_conflict *other) {
    for (unsigned withdrawn = 0;; withdrawn++) {
        beacon_search first = {.skip = withdrawn, .beacon = NULL};
        ss_os_each_beacon(take_first, &first);
        if (first.beacon == NULL)
            return &own; /* the linker dropped the notes: this copy is on its own */
        if (!beacon_is_lit(first.beacon))
            continue;
        if (first.abi == SUPERSLAB_ABI)
            return first.beacon->api;
        if (other != NULL) {
            other->abi = first.abi;
            memcpy(other->file, first.file, sizeof other->file);
        }
        return NULL;
    }
}
