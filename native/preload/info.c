/* The functions by which the C library's malloc reports on itself, for this one. */
#include "malloc.h"
#include "next.h"

#include "background/stats.h"
#include "base/process.h"
#include "os/os.h"

#include <errno.h>
#include <limits.h>

typedef int trim_function(size_t keep);
typedef int mallopt_function(int parameter, int value);
typedef void stats_function(void);
typedef int info_function(int options, FILE *stream);
typedef struct mallinfo mallinfo_function(void);
typedef struct mallinfo2 mallinfo2_function(void);

/* Each of these is missing in some C library. There, a process that is not served calls the one here, which
 * returns zeros. */

PRELOAD_EXPORT int malloc_trim(size_t keep) {
    if (preload_serves())
        return superslab_trim() != 0;
    trim_function *next = PRELOAD_NEXT(malloc_trim, trim_function);
    return next != NULL ? next(keep) : 0;
}

/* glibc's parameters have no effect here; the call reports success. */
PRELOAD_EXPORT int mallopt(int parameter, int value) {
    if (preload_serves())
        return 1;
    mallopt_function *next = PRELOAD_NEXT(mallopt, mallopt_function);
    return next != NULL ? next(parameter, value) : 0;
}

/* ---- numbers ---- */

static struct mallinfo2 numbers(void) {
    superslab_stats stats;
    superslab_get_stats(&stats);
    /* live_bytes has large blocks as long as they are live, large_bytes also those in large caches. */
    const uint64_t cached = ss_stats_large_cached();
    const uint64_t live = stats.live_bytes + cached;
    return (struct mallinfo2){
        .arena = stats.slab_bytes + stats.dirty_bytes,
        .ordblks = stats.cached_blocks,
        .hblkhd = stats.large_bytes,
        .uordblks = live > stats.large_bytes ? live - stats.large_bytes : 0,
        .fordblks = stats.cached_bytes + stats.slab_free_bytes + stats.dirty_bytes,
        .keepcost = stats.dirty_bytes,
    };
}

PRELOAD_EXPORT struct mallinfo2 mallinfo2(void) {
    mallinfo2_function *next = NULL;
    if (!preload_serves() && (next = PRELOAD_NEXT(mallinfo2, mallinfo2_function)) == NULL)
        return (struct mallinfo2){0};
    return next != NULL ? next() : numbers();
}

static int limited(size_t number) {
    return number > INT_MAX ? INT_MAX : (int)number;
}

PRELOAD_EXPORT struct mallinfo mallinfo(void) {
    mallinfo_function *next = NULL;
    if (!preload_serves())
        return (next = PRELOAD_NEXT(mallinfo, mallinfo_function)) != NULL ? next()
                                                                          : (struct mallinfo){0};
    struct mallinfo2 all = numbers();
    return (struct mallinfo){
        .arena = limited(all.arena),
        .ordblks = limited(all.ordblks),
        .hblkhd = limited(all.hblkhd),
        .uordblks = limited(all.uordblks),
        .fordblks = limited(all.fordblks),
        .keepcost = limited(all.keepcost),
    };
}

/* ---- text ---- */

PRELOAD_EXPORT void malloc_stats(void) {
    if (!preload_serves()) {
        stats_function *next = PRELOAD_NEXT(malloc_stats, stats_function);
        if (next != NULL)
            next();
        return;
    }
    char text[PRELOAD_SUMMARY_BYTES];
    ss_os_write_error(text, preload_summary(text, sizeof text));
}

PRELOAD_EXPORT int malloc_info(int options, FILE *stream) {
    info_function *next = NULL;
    if (!preload_serves() && (next = PRELOAD_NEXT(malloc_info, info_function)) != NULL)
        return next(options, stream);
    if (!preload_serves() || options != 0) {
        errno = EINVAL;
        return -1;
    }
    superslab_stats stats;
    superslab_get_stats(&stats);
    fprintf(stream,
            "<malloc version=\"superslab-1\">\n"
            "<total type=\"live\" count=\"%ju\" size=\"%ju\"/>\n"
            "<total type=\"cached\" count=\"%ju\" size=\"%ju\"/>\n"
            "<system type=\"current\" size=\"%ju\"/>\n"
            "</malloc>\n",
            (uintmax_t)stats.live_blocks, (uintmax_t)stats.live_bytes,
            (uintmax_t)stats.cached_blocks, (uintmax_t)stats.cached_bytes,
            (uintmax_t)(stats.slab_bytes + stats.large_bytes + stats.dirty_bytes));
    return 0;
}
