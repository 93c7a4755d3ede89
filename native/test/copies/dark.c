/* The first copy's constructor never runs: the other copies wait for it for a few seconds, and then get an error that
 * names it. */
#include "check.h"
#include "copies.h"

#include <dlfcn.h>
#include <string.h>

int main(void) {
#ifdef __APPLE__
    check_skip("there are no notes in a Mach-O file");
#endif
    ss_api_conflict conflict;
    memset(&conflict, 0x55, sizeof conflict);
    CHECK(dlopen(COPY_DARK, RTLD_NOW | RTLD_LOCAL) != NULL);
    const copy late = copy_load(COPY_A);
    CHECK(late.join(&conflict) == NULL);
    CHECK_EQ(conflict.abi, SS_API_NOT_LOADED);
    CHECK_THAT(strstr(conflict.file, strrchr(COPY_DARK, '/')) != NULL, "%s", conflict.file);
}
