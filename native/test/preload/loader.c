/* Inside dlopen, dlsym, dlclose and dlerror, by several threads, failures included. */
#define _GNU_SOURCE
#include "check.h"
#include "served.h"
#include "team.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 300 };

static void work(unsigned index, void *unused) {
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        void *library = dlopen(STRANGER, i % 2 == 0 ? RTLD_NOW : RTLD_LAZY);
        CHECK(library != NULL);
        void *(*stranger_malloc)(size_t) = (void *(*)(size_t))dlsym(library, "stranger_malloc");
        CHECK(stranger_malloc != NULL);
        free(stranger_malloc(100));
        CHECK(dlsym(library, "there is no such name") == NULL);
        CHECK(dlerror() != NULL);
        CHECK(dlopen("/there/is/no/such/library.so", RTLD_NOW) == NULL);
        CHECK(dlerror() != NULL);
        CHECK_EQ(dlclose(library), 0);
        served_churn(index * ROUNDS + i, 50, 10000);
    }
}

int main(void) {
    served_api();
    /* The library makes no call of the loader that would set the program's dlerror. */
    CHECK(dlerror() == NULL);
    team_run(THREADS, work, NULL);
}
