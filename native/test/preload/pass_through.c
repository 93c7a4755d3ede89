/* A process that is left alone: all goes to the C library, nothing is reserved, and a copy of superslab
 * in the process has a heap of its own. */
#include "check.h"
#include "child.h"
#include "copies.h"
#include "served.h"

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

static void left_alone(void) {
    void *block = malloc(100);
    CHECK_LT(address_kilobytes(), 1 << 20);
    served_churn(42, 20000, 300000);
    CHECK_LT(address_kilobytes(), 1 << 20);

    CHECK(served_by_nobody());
    const copy own = copy_load(COPY_A);
    const superslab_api *api = own.join(NULL);
    CHECK_EQ(api, own.own());
    superslab_inspection there;
    api->heap->inspect((uintptr_t)block, &there);
    CHECK_EQ(there.kind, SUPERSLAB_ADDRESS_FOREIGN);
    void *apart = api->heap->malloc(100);
    api->heap->free(apart);
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
