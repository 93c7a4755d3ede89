/* The pointers to code that the library keeps, in pages of their own that are read-only: a program's stray write to
 * them faults, and a double free cannot be turned into a jump. Setting one makes the pages writable for the moment it
 * takes. What is known when the library is linked needs none of this: it is constant, and lies where the loader
 * protects it (RELRO). */
#ifndef SS_SEALED_H
#define SS_SEALED_H

#include "base/types.h"
#include "os/os.h"
#include "superslab.h"

/* By which others find this copy; the same in every ABI. */
typedef enum ss_beacon_state { SS_BEACON_DARK, SS_BEACON_LIT, SS_BEACON_WITHDRAWN } ss_beacon_state;
struct superslab_api;
struct ss_beacon {
    _Atomic uint32_t state; /* an ss_beacon_state */
    const struct superslab_api *api;
};

/* For a library around the core: the definitions that it stands in for. */
#define SS_SEALED_NEXT 48u
typedef void ss_code(void);

typedef struct ss_sealed {
    _Alignas(SS_OS_PAGE_MAX_BYTES) struct ss_beacon
        beacon; /* first: api.c names it by the structure's address */
    _Atomic(const struct superslab_api *) joined; /* the copy that this one's addon uses */
    _Atomic(superslab_error_handler *) error_handler;
    _Atomic(void *) error_context;
    _Atomic(ss_code *) next[SS_SEALED_NEXT];
    _Atomic bool serves_malloc; /* this copy is the process's malloc */
    _Atomic(const struct ss_observer *)
        observer;                             /* whose functions are told of all calls; observe.h */
    _Atomic(const struct ss_source *) source; /* of further spaces; source.h */
    /* Mends this process where it is a copy in which no handler of fork has run: the front layer's; copy.c. */
    _Atomic(ss_code *) mend_copy;
} ss_sealed;

extern ss_sealed ss_sealed_state __attribute__((visibility("hidden")));
/* Not to be written without ss_sealed_open. */
#define ss_sealed_now (&ss_sealed_state)

/* Makes the pages writable, for one thread at a time; false when the system refuses. If true, ss_sealed_close is to
 * follow soon. Between the two nothing may be called that may open them. */
bool ss_sealed_open(void);
/* The same, but false as well while another thread, or the code that this signal handler interrupted, has them open. */
bool ss_sealed_try_open(void);
void ss_sealed_close(void);

/* In a forked child, whose parent may have had them open. */
void ss_sealed_inherit(void);

#endif
