/* One object of this process by its dynamic section. */
#ifndef SS_ELF_LINUX_H
#define SS_ELF_LINUX_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Relocations with addends, the only kind that the supported processors have. */
typedef struct elf_relocations {
    const ElfW(Rela) * first;
    size_t bytes;
} elf_relocations;

typedef struct elf_object {
    const ElfW(Sym) * symbols;
    const char *names;
    const uint32_t *gnu_hash, *sysv_hash;
    ElfW(Addr) base;
    elf_relocations data, calls; /* of data, and of the procedure linkage table */
    size_t relative; /* number of relocations of `data` that name no symbol; they come first */
} elf_object;

/* False if the object has no dynamic symbols. */
bool elf_open(elf_object *object, const struct dl_phdr_info *info);

/* The index of the function that the object defines under the name, 0 if it defines none. */
uint32_t elf_find_index(const elf_object *object, const char *name);

/* Its address, or NULL. */
void *elf_find(const elf_object *object, const char *name);

/* Whether one of the object's segments holds the address; `flags` are those that the segment must have. */
bool elf_holds(const struct dl_phdr_info *info, ElfW(Addr) address, uint32_t flags);

#endif
