/* The executable parts of the files that are mapped into the process, with the place of their unwind tables. They are
 * read from the system's list of mappings, because the loader's own lists are under a lock that a thread which allocates
 * may hold, or a thread that is gone in the child of a fork. */
#ifndef SS_MODULES_H
#define SS_MODULES_H

#include "base/types.h"

typedef struct ss_module {
    uintptr_t start, end; /* the executable mapping */
    uintptr_t header;     /* of .eh_frame_hdr's table; 0: it has none that is known here */
    uint32_t count;       /* entries of that table */
    bool read;            /* `header` and `count` were read */
    uintptr_t base;       /* of the file's first mapping */
} ss_module;

/* The module that has the address, or NULL. Looks at the mappings anew if it is in none and the last look was a while
 * ago. Under the profile's lock. */
const ss_module *ss_module_at(uintptr_t address);

/* Reads the mappings. */
void ss_modules_read(void);

/* A number that changes with each change of the list. */
uint32_t ss_modules_version(void);

#endif
