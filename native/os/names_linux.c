/* Names of functions, from the table of symbols in a file. The file is read in parts: nothing is allocated or mapped, so
 * the handler of a signal may ask. */
#define _GNU_SOURCE
#include "os.h"
#include "profile.h"

#include <elf.h>
#include <link.h>
#include <string.h>

/* One thread at a time: the parts are in static memory, because a signal's stack may be small. */
#define PART_SYMBOLS 1024u
static ElfW(Sym) part[PART_SYMBOLS];

static bool read_exactly(const char *file, uint64_t offset, void *out, size_t bytes) {
    return ss_os_read_part(file, offset, out, bytes) == bytes;
}

/* The address that the file gives to what lies at an offset; 0 if it is not in a loaded part. */
static uint64_t address_of(const char *file, const ElfW(Ehdr) * head, uint64_t offset) {
    ElfW(Phdr) one;
    for (unsigned i = 0; i < head->e_phnum; i++)
        if (read_exactly(file, head->e_phoff + i * sizeof one, &one, sizeof one) &&
            one.p_type == PT_LOAD && offset - one.p_offset < one.p_filesz)
            return offset - one.p_offset + one.p_vaddr;
    return 0;
}

/* The section of the whole table of symbols if the file has it, else that of what it exports. */
static bool symbols_find(const char *file, const ElfW(Ehdr) * head, ElfW(Shdr) * out) {
    ElfW(Shdr) one;
    *out = (ElfW(Shdr)){.sh_type = SHT_NULL};
    for (unsigned i = 0; i < head->e_shnum && out->sh_type != SHT_SYMTAB; i++)
        if (read_exactly(file, head->e_shoff + i * sizeof one, &one, sizeof one) &&
            (one.sh_type == SHT_SYMTAB || one.sh_type == SHT_DYNSYM))
            *out = one;
    return out->sh_type != SHT_NULL;
}

/* The function that has the address. */
static bool symbol_find(const char *file, const ElfW(Shdr) * symbols, uint64_t address,
                        ElfW(Sym) * out) {
    const uint64_t count = symbols->sh_size / sizeof *part;
    for (uint64_t at = 0; at < count; at += PART_SYMBOLS) {
        const size_t here = count - at < PART_SYMBOLS ? (size_t)(count - at) : PART_SYMBOLS;
        if (!read_exactly(file, symbols->sh_offset + at * sizeof *part, part, here * sizeof *part))
            return false;
        for (size_t i = 0; i < here; i++) {
            if ((part[i].st_info & 15) != STT_FUNC || address - part[i].st_value >= part[i].st_size)
                continue;
            *out = part[i];
            return true;
        }
    }
    return false;
}

void ss_os_function_find(const char *file, uint64_t offset, ss_os_function *out) {
    ElfW(Ehdr) head;
    ElfW(Shdr) symbols, strings;
    ElfW(Sym) found;
    out->address = offset;
    out->within = 0;
    out->name[0] = '\0';
    if (!read_exactly(file, 0, &head, sizeof head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
        head.e_phentsize != sizeof(ElfW(Phdr)) || head.e_shentsize != sizeof symbols)
        return;
    const uint64_t address = address_of(file, &head, offset);
    if (address == 0)
        return;
    out->address = address;
    if (!symbols_find(file, &head, &symbols) ||
        !read_exactly(file, head.e_shoff + symbols.sh_link * sizeof strings, &strings,
                      sizeof strings) ||
        !symbol_find(file, &symbols, address, &found))
        return;
    const size_t got =
        ss_os_read_part(file, strings.sh_offset + found.st_name, out->name, sizeof out->name - 1);
    out->name[got] = '\0';
    out->within = address - found.st_value;
}
