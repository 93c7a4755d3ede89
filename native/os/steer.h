/* Places for mappings of another owner, for the addon. */
#ifndef SS_OS_STEER_H
#define SS_OS_STEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Addresses that are taken for a moment, so that the system has a single place left for a mapping. */
typedef struct ss_os_span {
    char *start;
    size_t bytes;
} ss_os_span;
enum { SS_OS_STEER_MAX = 64 };
typedef struct ss_os_steering {
    uint32_t count;
    ss_os_span taken[SS_OS_STEER_MAX]; /* the first two lie on either side of the place */
} ss_os_steering;

/* Whether trial reservations take memory, or are refused. Emulators of a processor keep a record of each page that a
 * program reserves. */
bool ss_os_reservations_are_expensive(void);

/* Between the two calls the system places a mapping of another owner at a random place, if the owner leaves the address
 * to the system and asks for `least` to `most` bytes. Mappings of that length by other threads may get the place
 * instead. Does nothing where the system cannot be steered, or where an emulator makes reservations expensive.
 * `has_margins`: SS_OS_MARGIN_BYTES without access remain before and behind the place. */
void ss_os_steer_begin(ss_os_steering *steering, size_t least, size_t most);
void ss_os_steer_end(const ss_os_steering *steering, bool has_margins);

#ifdef __cplusplus
}
#endif

#endif
