/* A library that is opened with RTLD_DEEPBIND is served as the program is: its constructor frees what the C library
 * allocated for it, and either side frees the other's blocks. */
#define _GNU_SOURCE
#include "check.h"
#include "pattern.h"
#include "served.h"

#include <dlfcn.h>
#include <stdlib.h>

enum { COUNT = 1000 };

#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

static void *symbol(void *library, const char *name) {
    void *found = dlsym(library, name);
    CHECK(found != NULL);
    return found;
}

static superslab_address_kind kind_of(const superslab_api *api, const void *address) {
    superslab_inspection there;
    api->functions->inspect((uintptr_t)address, &there);
    return there.kind;
}

static void open_and_use(const superslab_api *api, int mode) {
    superslab_stats before, after;
    void *library = dlopen(STRANGER, mode | RTLD_LOCAL | RTLD_DEEPBIND);
    CHECK(library != NULL);
    void *(*stranger_malloc)(size_t) = (void *(*)(size_t))symbol(library, "stranger_malloc");
    void (*stranger_free)(void *) = (void (*)(void *))symbol(library, "stranger_free");
    api->functions->get_stats(&before);
    for (size_t i = 0; i < COUNT; i++) {
        const size_t size = 1 + i * 300;
        char *theirs = stranger_malloc(size), *ours = malloc(size);
        CHECK_EQ(kind_of(api, theirs), SUPERSLAB_ADDRESS_LIVE);
        pattern_fill(theirs, size, i);
        theirs = realloc(theirs, size + 100);
        CHECK(pattern_intact(theirs, size, i));
        free(theirs);
        stranger_free(ours);
    }
    api->functions->get_stats(&after);
    CHECK_EQ(after.foreign_frees, before.foreign_frees);
    CHECK_EQ(dlclose(library), 0);
}

/* The C library searches a name without a slash where the caller's object says: this program does not say. */
static void opens_beside(void) {
    CHECK(dlopen("libtest-stranger.so", RTLD_NOW) == NULL);
    void *library = dlopen(STRANGER, RTLD_NOW | RTLD_LOCAL);
    void *(*stranger_open)(const char *, int) =
        (void *(*)(const char *, int))symbol(library, "stranger_open");
    CHECK(stranger_open("libtest-stranger.so", RTLD_NOW) == library);
    CHECK(stranger_open("libtest-stranger.so", RTLD_NOW | RTLD_DEEPBIND) == library);
    CHECK(stranger_open("no-such-library.so", RTLD_NOW) == NULL);
    CHECK(dlerror() != NULL);
}

int main(void) {
    if (RTLD_DEEPBIND == 0)
        check_skip("this C library has no RTLD_DEEPBIND");
    const superslab_api *api = served_api();
    open_and_use(api, RTLD_LAZY);
    open_and_use(api, RTLD_NOW);
    opens_beside();
    served_churn(42, 10000, 100000);
}
