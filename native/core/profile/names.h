/* The names of generated code, in the map that a JavaScript engine writes (codemap.h). */
#ifndef SS_NAMES_H
#define SS_NAMES_H

#include "base/types.h"

#define SS_CODE_NAME_BYTES 160u

/* An address in generated code, and what the map calls it: the last definition in its first `map_bytes` bytes. */
typedef struct ss_code_name {
    uintptr_t call; /* 0: none */
    uint64_t map_bytes;
    char text[SS_CODE_NAME_BYTES]; /* empty: the map does not have it; cut */
} ss_code_name;

/* Reads the whole map once, and sets the texts, which are empty before. Allocates nothing. Does nothing while another
 * thread reads it. */
void ss_code_names_read(ss_code_name *names, uint32_t count);

/* The function and its place, without what the engine puts before them; NULL for code that is not the program's. */
const char *ss_code_name_shown(const char *text);

#endif
