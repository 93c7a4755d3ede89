/* The map that a JavaScript engine writes of the code that it generates (/tmp/perf-PID.map, with --perf-basic-prof): a line
 * for each piece, "START SIZE NAME" in hexadecimal, and a further one when code moves or when its place is used again. So
 * an address has another name later. Each address has an epoch, which changes when the map defines it again. Under the
 * profile's lock. */
#ifndef SS_CODEMAP_H
#define SS_CODEMAP_H

#include "base/types.h"

/* Forgets the map, and looks for that of this process. */
void ss_codemap_begin(void);

/* Reads what was added to the map. Returns its length; 0 if there is none. */
uint64_t ss_codemap_read(void);

/* The epoch of an address. Several addresses may share one, which then changes more often than it had to. */
uint32_t ss_codemap_epoch(uintptr_t address);

/* The path of the map; empty if there is none. */
const char *ss_codemap_path(void);

#endif
