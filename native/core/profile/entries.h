/* The search in the sorted table of a file's unwind entries (.eh_frame_hdr). Under the profile's lock. */
#ifndef SS_ENTRIES_H
#define SS_ENTRIES_H

#include "profile/modules.h"

/* The address of the entry of the last function that begins at `pc` or before; 0 if there is none. */
uintptr_t ss_entry_find(const ss_module *module, uintptr_t pc);

#endif
