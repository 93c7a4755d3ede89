/* The addresses that belong to superslab, by what they hold. A reader of /proc/PID/smaps tells by them which resident
 * memory is superslab's. */
#ifndef SS_RANGES_H
#define SS_RANGES_H

#include "background/source.h"

/* Also known to lib/publication.ts. */
typedef enum ss_range_kind {
    SS_RANGE_HEADED = 1, /* blocks with a header */
    SS_RANGE_BLOCKS,     /* blocks without one, and large blocks */
    SS_RANGE_WINDOW,     /* memory of JavaScript that the engine has mapped */
    SS_RANGE_METADATA
} ss_range_kind;

typedef struct ss_range {
    uint64_t start, bytes;
    uint32_t kind, unused;
} ss_range;

/* Lists at most `most` ranges, in no order, and returns their number. Called with no lock held. What another thread
 * makes or extends meanwhile may be missing. */
uint32_t ss_ranges_list(ss_range *out, uint32_t most);

#endif
