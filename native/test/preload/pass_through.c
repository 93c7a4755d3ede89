/* In a process that is not served, all calls go directly to the C library, no addresses are reserved, and a copy of
 * superslab in the process has heaps of its own. */
#define _GNU_SOURCE
#include "check.h"
#include "child.h"
#include "copies.h"
#include "served.h"

#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t address_kilobytes(void) {
    char line[256];
    size_t kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    while (fgets(line, sizeof line, status) != NULL)
        sscanf(line, "VmSize: %zu", &kilobytes);
    fclose(status);
    return kilobytes;
}

/* The definition that the loader would bind, and the one that it has bound. */
static void is_not_ours(const char *name, void *bound) {
    void *const found[] = {bound, dlsym(RTLD_DEFAULT, name)};
    for (size_t i = 0; i < 2; i++) {
        Dl_info info;
        CHECK(found[i] != NULL);
        CHECK(dladdr(found[i], &info) != 0);
        CHECK(strstr(info.dli_fname, "libsuperslab") == NULL);
    }
}

/* The address of the last page that is mapped writable and lies in [start, end), 0 for none. */
static uintptr_t writable_page(uintptr_t start, uintptr_t end) {
    char line[512], rights[8];
    uintptr_t from, to, found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%zx-%zx %7s", &from, &to, rights) == 3 && rights[1] == 'w' &&
            from < end && start < to)
            found = from;
    fclose(maps);
    return found;
}

static int relro_is_kept(struct dl_phdr_info *info, size_t size, void *context) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_GNU_RELRO &&
            (start & -page) < ((start + segment->p_memsz) & -page)) {
            CHECK_EQ(writable_page(start & -page, (start + segment->p_memsz) & -page), 0);
            ++*(unsigned *)context;
        }
    }
    return 0;
}

static void has_no_detour(void) {
    unsigned objects = 0;
    is_not_ours("malloc", (void *)(uintptr_t)malloc);
    is_not_ours("free", (void *)(uintptr_t)free);
    is_not_ours("calloc", (void *)(uintptr_t)calloc);
    is_not_ours("realloc", (void *)(uintptr_t)realloc);
    is_not_ours("posix_memalign", (void *)(uintptr_t)posix_memalign);
    is_not_ours("malloc_usable_size", (void *)(uintptr_t)malloc_usable_size);
    dl_iterate_phdr(relro_is_kept, &objects);
    CHECK_GT(objects, 0);
}

static void left_alone(void) {
    has_no_detour();
    void *block = malloc(100);
    CHECK_LT(address_kilobytes(), 1 << 20);
    served_churn(42, 20000, 300000);
    CHECK_LT(address_kilobytes(), 1 << 20);

    CHECK(served_by_nobody());
    const copy own = copy_load(COPY_A);
    const superslab_api *api = own.join(NULL);
    CHECK_EQ(api, own.own());
    superslab_inspection there;
    api->functions->inspect((uintptr_t)block, &there);
    CHECK_EQ(there.kind, SUPERSLAB_ADDRESS_FOREIGN);
    void *apart = api->functions->malloc(100);
    api->functions->free(apart);
    free(block);
    served_churn(42, 20000, 300000);
}

int main(int count, char **arguments) {
    if (count > 1) {
        left_alone();
        return 0;
    }
    setenv("SUPERSLAB_CHILDREN", "none", 1);
    const child_result result = child_execute((char *[]){arguments[0], "again", NULL});
    child_check_clean(&result);
}
