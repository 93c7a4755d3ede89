#include "limit.h"

#include "check.h"
#include "rss.h"

#include <sys/resource.h>

static void limit_set(int resource, size_t bytes) {
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    CHECK_EQ(getrlimit(resource, &limit), 0);
    limit.rlim_cur = bytes;
    CHECK_EQ(setrlimit(resource, &limit), 0);
}

void limit_mapped(size_t headroom) {
    limit_set(RLIMIT_AS, rss_mapped_bytes() + headroom);
}

void limit_data(size_t headroom) {
    limit_set(RLIMIT_DATA, rss_data_bytes() + headroom);
}
