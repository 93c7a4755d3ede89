#include "table.h"

#include "check.h"

#include <string.h>
#include <sys/mman.h>

void *table_new(size_t count, size_t bytes_each) {
    void *table =
        mmap(NULL, count * bytes_each, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(table != MAP_FAILED);
    return memset(table, 0, count * bytes_each);
}

void table_free(void *table, size_t count, size_t bytes_each) {
    CHECK_EQ(munmap(table, count * bytes_each), 0);
}
