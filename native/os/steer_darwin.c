/* macOS places mappings from the lowest free address up, and is not steered. */
#include "steer.h"

bool ss_os_reservations_are_expensive(void) {
    return false;
}

void ss_os_steer_begin(ss_os_steering *steering, size_t least, size_t most) {
    (void)least, (void)most;
    steering->count = 0;
}

void ss_os_steer_end(const ss_os_steering *steering, bool has_margins) {
    (void)steering, (void)has_margins;
}
