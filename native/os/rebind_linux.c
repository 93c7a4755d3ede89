/* Withdraws definitions from the loader.
 *
 * This object's, in a process that it does not serve, in favour of the next ones: slots of the other objects' linkage tables, and pointers, that the loader has bound to this object are bound to the
 * next definition. So that the loader does not bind to this object later, lazily or for a library that is loaded later,
 * the symbols become undefined in this object's own table. Where a page cannot be made writable, nothing changes, and
 * the functions here call the next definition.
 *
 * In a process that it serves, the C library's definitions can become undefined in the same way, so that a library which
 * prefers them (RTLD_DEEPBIND) is bound to this object. */
#define _GNU_SOURCE
#include "image.h"

#include "elf_linux.h"

#include <elf.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
enum { BIND_POINTER = R_X86_64_64, BIND_DATA = R_X86_64_GLOB_DAT, BIND_CALL = R_X86_64_JUMP_SLOT };
#define RELOCATION_KIND(info) ELF64_R_TYPE(info)
#elif defined(__aarch64__)
enum {
    BIND_POINTER = R_AARCH64_ABS64,
    BIND_DATA = R_AARCH64_GLOB_DAT,
    BIND_CALL = R_AARCH64_JUMP_SLOT
};
#define RELOCATION_KIND(info) ELF64_R_TYPE(info)
#else
enum { BIND_POINTER = -1, BIND_DATA = -1, BIND_CALL = -1 }; /* no relocation is known */
#define RELOCATION_KIND(info) 0
#endif

typedef struct rebinding {
    const char *const *names;
    uintptr_t *own, *next; /* of each name; 0 for none */
    uint32_t *index;       /* of the own ones among `self`'s symbols */
    size_t count;
    elf_object self;
    uintptr_t low, high; /* all of `own` lie there */
    bool seen_self;
} rebinding;

/* ---- pages that are read-only ---- */

typedef struct page_range {
    uintptr_t start, end;
} page_range;

static page_range pages_of(uintptr_t start, uintptr_t end) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    return (page_range){start & -page, (end + page - 1) & -page};
}

static bool pages_protect(page_range pages, int protection) {
    return pages.start < pages.end &&
           mprotect((void *)pages.start, pages.end - pages.start, protection) == 0;
}

/* The pages that the loader protects after relocation, without the last one if it is shared. */
static page_range relro_of(const struct dl_phdr_info *info) {
    for (unsigned i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_GNU_RELRO) {
            const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
            uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            uintptr_t end = start + info->dlpi_phdr[i].p_memsz;
            return (page_range){start & -page, end & -page};
        }
    return (page_range){0, 0};
}

/* ---- symbols that are bound already ---- */

static uintptr_t next_of(const rebinding *all, uintptr_t own) {
    if (own - all->low > all->high - all->low)
        return 0;
    for (size_t i = 0; i < all->count; i++)
        if (all->own[i] == own)
            return all->next[i];
    return 0;
}

typedef struct slot_walk {
    const rebinding *all;
    const struct dl_phdr_info *info;
    page_range relro;
    enum { RELRO_CLOSED, RELRO_OPEN, RELRO_REFUSED } state;
} slot_walk;

static bool slot_is_writable(slot_walk *walk, uintptr_t slot) {
    if (slot - walk->relro.start >= walk->relro.end - walk->relro.start)
        return elf_holds(walk->info, slot, PF_W);
    if (walk->state == RELRO_CLOSED)
        walk->state =
            pages_protect(walk->relro, PROT_READ | PROT_WRITE) ? RELRO_OPEN : RELRO_REFUSED;
    return walk->state == RELRO_OPEN;
}

static void slots_rebind(slot_walk *walk, elf_relocations relocations, size_t from) {
    const size_t count = relocations.bytes / sizeof(ElfW(Rela));
    for (size_t i = from; i < count; i++) {
        const ElfW(Rela) *relocation = &relocations.first[i];
        const int kind = (int)RELOCATION_KIND(relocation->r_info);
        if (kind != BIND_CALL && kind != BIND_DATA && kind != BIND_POINTER)
            continue;
        const uintptr_t slot = walk->info->dlpi_addr + relocation->r_offset;
        /* Relaxed: a thread that a constructor made may be calling through the slot, and either address is right. */
        _Atomic uintptr_t *word = (_Atomic uintptr_t *)slot;
        const uintptr_t next = next_of(walk->all, atomic_load_explicit(word, memory_order_relaxed));
        if (next != 0 && slot_is_writable(walk, slot))
            atomic_store_explicit(word, next, memory_order_relaxed);
    }
}

static int rebind_object(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    const rebinding *all = context;
    elf_object object;
    if (!elf_open(&object, info) || object.base == all->self.base)
        return 0;
    slot_walk walk = {all, info, relro_of(info), RELRO_CLOSED};
    slots_rebind(&walk, object.calls, 0);
    slots_rebind(&walk, object.data, object.relative);
    if (walk.state == RELRO_OPEN)
        pages_protect(walk.relro, PROT_READ);
    return 0;
}

/* ---- symbols that are bound later ---- */

/* glibc ignores a symbol without a value, musl one without a section. */
static void symbol_hide(ElfW(Sym) * symbol) {
    symbol->st_value = 0;
    symbol->st_shndx = SHN_UNDEF;
}

static void symbols_hide(const ElfW(Sym) * symbols, const uint32_t *indexes, size_t count) {
    uint32_t least = UINT32_MAX, most = 0;
    for (size_t i = 0; i < count; i++) {
        least = indexes[i] < least ? indexes[i] : least;
        most = indexes[i] > most ? indexes[i] : most;
    }
    if (most == 0)
        return;
    const page_range pages = pages_of((uintptr_t)&symbols[least], (uintptr_t)&symbols[most + 1]);
    if (!pages_protect(pages, PROT_READ | PROT_WRITE))
        return;
    for (size_t i = 0; i < count; i++)
        symbol_hide((ElfW(Sym) *)(uintptr_t)&symbols[indexes[i]]);
    pages_protect(pages, PROT_READ);
}

static void own_symbols_hide(const rebinding *all) {
    uint32_t indexes[SS_OS_SYMBOLS_MOST];
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++)
        if (all->own[i] != 0 && all->next[i] != 0)
            indexes[count++] = all->index[i];
    symbols_hide(all->self.symbols, indexes, count);
}

/* ---- both ---- */

static void find_own(rebinding *all, const elf_object *object) {
    all->self = *object;
    all->seen_self = true;
    for (size_t i = 0; i < all->count; i++) {
        all->index[i] = elf_find_index(object, all->names[i]);
        if (all->index[i] == 0)
            continue;
        const uintptr_t own = object->base + object->symbols[all->index[i]].st_value;
        all->own[i] = own;
        all->low = own < all->low ? own : all->low;
        all->high = own > all->high ? own : all->high;
    }
}

static int find_all(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    rebinding *all = context;
    elf_object object;
    if (!elf_open(&object, info))
        return 0;
    if (elf_holds(info, (ElfW(Addr)) & find_all, PF_X)) {
        find_own(all, &object);
        return 0;
    }
    for (size_t i = 0; i < all->count && all->seen_self; i++)
        if (all->own[i] != 0 && all->next[i] == 0)
            all->next[i] = (uintptr_t)elf_find(&object, all->names[i]);
    return 0;
}

void ss_os_symbols_give_way(const char *const *names, size_t count) {
    uintptr_t own[SS_OS_SYMBOLS_MOST] = {0}, next[SS_OS_SYMBOLS_MOST] = {0};
    uint32_t index[SS_OS_SYMBOLS_MOST] = {0};
    rebinding all = {names, own, next, index, count, .low = UINTPTR_MAX};
    const int saved = errno;
    if (count > SS_OS_SYMBOLS_MOST)
        return;
    dl_iterate_phdr(find_all, &all);
    if (all.seen_self && all.low <= all.high) {
        dl_iterate_phdr(rebind_object, &all);
        own_symbols_hide(&all);
    }
    errno = saved;
}

/* ---- the C library's symbols ---- */

typedef struct library_search {
    const char *name;
    elf_object library;
    bool seen_self, is_found;
} library_search;

static int find_library(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    library_search *one = context;
    if (!elf_open(&one->library, info))
        return 0;
    if (elf_holds(info, (ElfW(Addr)) & find_library, PF_X))
        one->seen_self = true;
    else if (one->seen_self)
        one->is_found = elf_find_index(&one->library, one->name) != 0;
    return one->is_found;
}

void ss_os_symbols_conceal_next(const char *const *names, size_t count) {
    library_search one = {.name = names[0]};
    const int saved = errno;
    dl_iterate_phdr(find_library, &one);
    if (one.is_found) {
        uint32_t indexes[SS_OS_SYMBOLS_MOST];
        size_t found = 0;
        for (size_t i = 0; i < count && found < SS_OS_SYMBOLS_MOST; i++) {
            indexes[found] = elf_find_index(&one.library, names[i]);
            found += indexes[found] != 0;
        }
        symbols_hide(one.library.symbols, indexes, found);
    }
    errno = saved;
}
