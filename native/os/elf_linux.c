/* Finds symbols of the objects in this process without dlsym, which may allocate, and sets the error for the
 * program's next dlerror. */
#define _GNU_SOURCE
#include "elf_linux.h"

#include "image.h"

#include <elf.h>
#include <string.h>

/* ---- one object's dynamic symbols ---- */

/* glibc adds the base to these addresses in place, but not in objects that it does not relocate. */
static const void *dynamic_address(const elf_object *object, const ElfW(Dyn) * entry) {
    ElfW(Addr) address = entry->d_un.d_ptr;
    return (const void *)(address < object->base ? address + object->base : address);
}

static void relocations_note(elf_object *object, const ElfW(Dyn) * entry) {
    switch (entry->d_tag) {
    case DT_RELA:
        object->data.first = dynamic_address(object, entry);
        break;
    case DT_RELASZ:
        object->data.bytes = entry->d_un.d_val;
        break;
    case DT_RELACOUNT:
        object->relative = entry->d_un.d_val;
        break;
    case DT_JMPREL:
        object->calls.first = dynamic_address(object, entry);
        break;
    case DT_PLTRELSZ:
        object->calls.bytes = entry->d_un.d_val;
        break;
    default:
        break;
    }
}

bool elf_open(elf_object *object, const struct dl_phdr_info *info) {
    *object = (elf_object){.base = info->dlpi_addr};
    const ElfW(Dyn) *entry = NULL;
    for (unsigned i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            entry = (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    for (; entry != NULL && entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB)
            object->symbols = dynamic_address(object, entry);
        else if (entry->d_tag == DT_STRTAB)
            object->names = dynamic_address(object, entry);
        else if (entry->d_tag == DT_GNU_HASH)
            object->gnu_hash = dynamic_address(object, entry);
        else if (entry->d_tag == DT_HASH)
            object->sysv_hash = dynamic_address(object, entry);
        else
            relocations_note(object, entry);
    }
    return object->symbols != NULL && object->names != NULL;
}

static bool is_defined_as(const elf_object *object, uint32_t index, const char *name) {
    const ElfW(Sym) *symbol = &object->symbols[index];
    return symbol->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol->st_info) == STT_FUNC &&
           strcmp(object->names + symbol->st_name, name) == 0;
}

/* Index 0 is no symbol's. */
static uint32_t find_by_gnu_hash(const elf_object *object, const char *name) {
    const uint32_t *table = object->gnu_hash;
    uint32_t buckets = table[0], first = table[1], bloom_words = table[2], hash = 5381;
    for (const char *at = name; *at != '\0'; at++)
        hash = hash * 33 + (uint8_t)*at;
    const ElfW(Addr) *bloom = (const ElfW(Addr) *)(const void *)(table + 4);
    const uint32_t *bucket = (const uint32_t *)(const void *)(bloom + bloom_words);
    const uint32_t *chain = bucket + buckets;
    enum { BITS = 8 * sizeof(ElfW(Addr)) };
    ElfW(Addr) word = bloom[hash / BITS % bloom_words];
    if ((word >> hash % BITS & word >> (hash >> table[3]) % BITS & 1) == 0 || buckets == 0)
        return 0;
    uint32_t index = bucket[hash % buckets];
    if (index < first)
        return 0;
    for (;; index++) { /* the chain ends with a hash whose lowest bit is set */
        uint32_t found = chain[index - first];
        if ((found | 1) == (hash | 1) && is_defined_as(object, index, name))
            return index;
        if (found & 1)
            return 0;
    }
}

static uint32_t find_by_sysv_hash(const elf_object *object, const char *name) {
    const uint32_t *table = object->sysv_hash;
    uint32_t buckets = table[0], hash = 0;
    for (const char *at = name; *at != '\0'; at++) {
        hash = (hash << 4) + (uint8_t)*at;
        hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
    }
    const uint32_t *bucket = table + 2, *chain = bucket + buckets;
    uint32_t index = buckets == 0 ? 0 : bucket[hash % buckets];
    while (index != 0 && !is_defined_as(object, index, name))
        index = chain[index];
    return index;
}

uint32_t elf_find_index(const elf_object *object, const char *name) {
    return object->gnu_hash != NULL    ? find_by_gnu_hash(object, name)
           : object->sysv_hash != NULL ? find_by_sysv_hash(object, name)
                                       : 0;
}

void *elf_find(const elf_object *object, const char *name) {
    uint32_t index = elf_find_index(object, name);
    return index == 0 ? NULL : (void *)(object->base + object->symbols[index].st_value);
}

/* ---- all objects, in load order ---- */

typedef struct symbol_search {
    const char *name;
    bool seen_own;        /* the object that holds this code was visited */
    bool own_first;       /* and no object before it defines the symbol */
    void *before, *after; /* the first definitions on either side of it */
} symbol_search;

bool elf_holds(const struct dl_phdr_info *info, ElfW(Addr) address, uint32_t flags) {
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && (segment->p_flags & flags) == flags &&
            address - (info->dlpi_addr + segment->p_vaddr) < segment->p_memsz)
            return true;
    }
    return false;
}

static int search_object(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    symbol_search *search = context;
    elf_object object;
    if (!elf_open(&object, info))
        return 0;
    void *found = elf_find(&object, search->name);
    if (!search->seen_own && elf_holds(info, (ElfW(Addr)) & search_object, 0)) {
        search->seen_own = true;
        search->own_first = found != NULL && search->before == NULL;
    } else if (found != NULL && search->seen_own) {
        search->after = found;
    } else if (found != NULL && search->before == NULL) {
        search->before = found;
    }
    return search->after != NULL;
}

static symbol_search search_all(const char *name) {
    symbol_search search = {.name = name};
    dl_iterate_phdr(search_object, &search);
    return search;
}

bool ss_os_symbol_exists(const char *name) {
    symbol_search search = search_all(name);
    return search.own_first || search.before != NULL || search.after != NULL;
}

bool ss_os_symbol_is_ours(const char *name) {
    return search_all(name).own_first;
}

void *ss_os_symbol_next(const char *name) {
    symbol_search search = search_all(name);
    return search.after != NULL ? search.after : search.before;
}
