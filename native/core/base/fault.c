#include "base/fault.h"

void ss_fault_add(ss_faults *faults, superslab_error error, const void *pointer) {
    if (faults->count < SS_FAULT_COUNT)
        faults->fault[faults->count] = (ss_fault){error, pointer};
    faults->count++;
}
