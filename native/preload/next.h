/* The definitions that would serve the process if this library were not there. */
#ifndef SS_PRELOAD_NEXT_H
#define SS_PRELOAD_NEXT_H

#include "preload.h"

typedef void preload_function(void);

/* An address once it is found. */
typedef struct preload_symbol {
    _Atomic(preload_function *) address;
} preload_symbol;

/* The next definition, NULL if there is none; looked for again then, since a library may come later. */
preload_function *preload_find_next(preload_symbol *symbol, const char *name);

/* PRELOAD_NEXT(name, type): the next definition of a function, as a pointer to `type`. */
#define PRELOAD_NEXT(function, type)                                                               \
    ({                                                                                             \
        static preload_symbol symbol;                                                              \
        (type *)preload_find_next(&symbol, function);                                              \
    })

#endif
