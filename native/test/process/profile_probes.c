/* The notes of the USDT probes in this program's file: their names, their arguments, and that each names a nop. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__linux__) && defined(__x86_64__)
#include <elf.h>

static char *file;
static unsigned allocs, frees;

/* A note's contents: three addresses, then three texts. */
static void probe_check(const char *at) {
    uint64_t addresses[3];
    const Elf64_Ehdr *head = (const void *)file;
    const Elf64_Phdr *part = (const void *)(file + head->e_phoff);
    memcpy(addresses, at, sizeof addresses);
    const char *provider = at + sizeof addresses, *name = provider + strlen(provider) + 1;
    const char *arguments = name + strlen(name) + 1;
    CHECK_EQ(strcmp(provider, "otel_memory"), 0);
    if (strcmp(name, "alloc") == 0 && strcmp(arguments, "8@%rdi 8@%rsi 8@%rdx") == 0)
        allocs++;
    else if (strcmp(name, "free") == 0 && strcmp(arguments, "8@%rdi") == 0)
        frees++;
    else
        CHECK_THAT(false, "%s %s", name, arguments);
    for (unsigned i = 0; i < head->e_phnum; i++)
        if (part[i].p_type == PT_LOAD && addresses[0] - part[i].p_vaddr < part[i].p_filesz) {
            const unsigned char *code =
                (const unsigned char *)file + part[i].p_offset + (addresses[0] - part[i].p_vaddr);
            CHECK_EQ(*code, 0x90);
            return;
        }
    CHECK_THAT(false, "no part of the file has %jx", (uintmax_t)addresses[0]);
}

static void section_check(const char *at, const char *end) {
    while (at < end) {
        const Elf64_Nhdr *note = (const void *)at;
        const char *name = at + sizeof *note;
        const char *contents = name + ((note->n_namesz + 3u) & ~3u);
        CHECK_EQ(strcmp(name, "stapsdt"), 0);
        CHECK_EQ(note->n_type, 3);
        probe_check(contents);
        at = contents + ((note->n_descsz + 3u) & ~3u);
    }
}

int main(void) {
    FILE *self = fopen("/proc/self/exe", "r");
    CHECK(self != NULL);
    fseek(self, 0, SEEK_END);
    const size_t bytes = (size_t)ftell(self);
    CHECK((file = malloc(bytes)) != NULL);
    rewind(self);
    CHECK_EQ(fread(file, 1, bytes, self), bytes);
    fclose(self);
    const Elf64_Ehdr *head = (const void *)file;
    const Elf64_Shdr *sections = (const void *)(file + head->e_shoff);
    const char *names = file + sections[head->e_shstrndx].sh_offset;
    for (unsigned i = 0; i < head->e_shnum; i++)
        if (strcmp(names + sections[i].sh_name, ".note.stapsdt") == 0)
            section_check(file + sections[i].sh_offset,
                          file + sections[i].sh_offset + sections[i].sh_size);
    CHECK_EQ(allocs, 1);
    CHECK_EQ(frees, 1);
    free(file);
}

#else

int main(void) {
    check_skip("the arguments are those of x86-64");
}

#endif
