/* Reports of what guarded blocks show: accesses beside a block or after its end, which the system tells of by a signal, and
 * errors that a call finds. Each says where the address lies, and which calls allocated the block, freed it, and made the
 * access. Nothing is allocated. */
#ifndef SS_GUARD_FAULT_H
#define SS_GUARD_FAULT_H

#include "base/report.h"
#include "profile/reader.h"

/* Sees to it that faults are noticed, whatever handler the program has set since. Before each guarded block. */
void ss_guard_watch_faults(void);

/* As ss_report_detail, for a pointer into the pages of guarded blocks. `is_found_late`: the bytes beside the block were
 * written over before, and the block was freed just now. */
void ss_guard_report(superslab_error error, uintptr_t pointer, bool is_found_late, ss_stack *stack);

/* In the child of a fork. */
void ss_guard_fault_inherit(void);

#endif
