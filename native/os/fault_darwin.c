/* Stacks are not walked here so far, so the registers are not needed. */
#include "fault.h"

void ss_os_fault_registers(const void *context, ss_os_fault *out) {
    (void)context, (void)out;
}
