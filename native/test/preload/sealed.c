/* No pointer to code lies in writable memory of the library, neither those that are linked into it nor those that are
 * set later: the error handler, the definitions that it replaces, the table that other copies are given. A write
 * to the page of those that are set faults. */
#define _GNU_SOURCE
#include "check.h"
#include "child.h"
#include "library/libc_malloc.h"
#include "served.h"

#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANGES = 512 };

typedef struct range {
    uintptr_t start, end;
    char rights[5];
    bool library; /* of the library, its zeroed data included */
} range;

static range ranges[RANGES];
static size_t range_count;

/* Notes the library's addresses. What lies right behind them may be another's. */
static int find_library(struct dl_phdr_info *info, size_t bytes, void *library) {
    (void)bytes;
    if (strstr(info->dlpi_name, "/libsuperslab.so") == NULL)
        return 0;
    range *found = library;
    found->start = info->dlpi_addr;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        const uintptr_t end = info->dlpi_addr + part->p_vaddr + part->p_memsz;
        found->end = part->p_type == PT_LOAD && end > found->end ? end : found->end;
    }
    return 1;
}

static void read_ranges(void) {
    char line[1024];
    range library = {0};
    FILE *maps = fopen("/proc/self/maps", "re");
    CHECK(maps != NULL);
    CHECK_EQ(dl_iterate_phdr(find_library, &library), 1);
    for (range_count = 0; range_count < RANGES && fgets(line, sizeof line, maps) != NULL;
         range_count++) {
        range *one = &ranges[range_count];
        CHECK_EQ(sscanf(line, "%zx-%zx %4s", &one->start, &one->end, one->rights), 3);
        one->library = one->start >= library.start && one->start < library.end;
        if (one->library && one->end > library.end)
            one->end = library.end & ~(sizeof(uintptr_t) - 1);
    }
    fclose(maps);
}

static const range *range_of(uintptr_t address) {
    for (size_t i = 0; i < range_count; i++)
        if (address - ranges[i].start < ranges[i].end - ranges[i].start)
            return &ranges[i];
    return NULL;
}

static bool is_code(uintptr_t address) {
    const range *found = range_of(address);
    return found != NULL && found->rights[2] == 'x';
}

/* The place of this value in the library's memory with these rights; NULL if there is none. */
static uintptr_t *find(uintptr_t value, char write) {
    for (size_t i = 0; i < range_count; i++) {
        const range *one = &ranges[i];
        if (!one->library || one->rights[0] != 'r' || one->rights[1] != write)
            continue;
        for (uintptr_t at = one->start; at < one->end; at += sizeof value)
            if (*(uintptr_t *)at == value)
                return (uintptr_t *)at;
    }
    return NULL;
}

static void check_no_code_in_writable(void) {
    size_t words = 0;
    read_ranges();
    for (size_t i = 0; i < range_count; i++) {
        const range *one = &ranges[i];
        if (!one->library || one->rights[1] != 'w')
            continue;
        for (uintptr_t at = one->start; at < one->end; at += sizeof(uintptr_t), words++)
            CHECK_THAT(!is_code(*(uintptr_t *)at), "%#zx, in %#zx-%#zx, is %#zx", (size_t)at,
                       (size_t)one->start, (size_t)one->end, (size_t) * (uintptr_t *)at);
    }
    CHECK_GT(words, 1000);
}

static void note(superslab_error error, const void *pointer, void *context) {
    (void)error;
    (void)pointer;
    ++*(unsigned *)context;
}

static void overwrite(void *place) {
    *(volatile uintptr_t *)place = 0x4141414141414141;
}

static void check_faults(void *place) {
    const child_result result = child_run(overwrite, place);
    CHECK_EQ(result.signal, SIGSEGV);
}

int main(void) {
    const superslab_api *api = served_api();
    unsigned calls = 0;
    /* The definitions after this one are looked up: for a block of the C library's. */
    void *volatile foreign = LIBC_MALLOC(100);
    CHECK_GE(malloc_usable_size(foreign), 100);
    free(foreign = realloc(foreign, 1000));
    for (unsigned round = 0; round < 3; round++) { /* set, and set again */
        api->functions->set_error_handler(note, &calls);
        check_no_code_in_writable();
        free(malloc(10));
    }
    uintptr_t *handler = find((uintptr_t)note, '-');
    CHECK(handler != NULL);
    check_faults(handler);
    uintptr_t *table = find((uintptr_t)api, '-');
    CHECK(table != NULL); /* the beacon's */
    CHECK(find((uintptr_t)api, 'w') == NULL);
    check_faults(table);
    check_faults((void *)(uintptr_t)&api->window_check);

    /* It is still the handler. */
    void *volatile block = malloc(100);
    free(block);
    free(block);
    CHECK_EQ(calls, 1);
    api->functions->set_error_handler(NULL, NULL);
    CHECK(find((uintptr_t)note, '-') == NULL);
}
