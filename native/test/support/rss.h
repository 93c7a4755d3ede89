/* Resident memory of this process. */
#ifndef TEST_RSS_H
#define TEST_RSS_H

#include <stdbool.h>
#include <stddef.h>

/* Exact where the system can say so (smaps_rollup), else what it keeps count of. */
size_t rss_bytes(void);

/* False under a sanitizer, whose shadow memory counts too: such a test then checks all but the RSS,
 * and prints that it did. */
bool rss_is_meaningful(void);

/* The peak since the last reset; false where the system cannot reset it. */
bool rss_peak_reset(void);
size_t rss_peak_bytes(void);

/* Addresses and writable private addresses mapped now, as RLIMIT_AS and RLIMIT_DATA count them; 0
 * where unknown, and under an emulator, which lets these limits pass. */
size_t rss_mapped_bytes(void);
size_t rss_data_bytes(void);

#endif
