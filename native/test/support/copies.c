#include "copies.h"

#include "check.h"

#include <dlfcn.h>

copy copy_load(const char *path) {
    copy loaded;
    loaded.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK_THAT(loaded.handle != NULL, "%s", dlerror());
    /* POSIX has dlsym return functions as object pointers. */
    *(void **)&loaded.join = dlsym(loaded.handle, "copy_join");
    *(void **)&loaded.own = dlsym(loaded.handle, "copy_own");
    CHECK(loaded.join != NULL && loaded.own != NULL);
    return loaded;
}
