/* The library's pointers to code that are set at run time, in read-only pages of their own: a program's stray write to
 * them faults, and a double free cannot be turned into a jump. The pages are writable only while a pointer is set.
 * Pointers that are known when the library is linked are constant and protected by the loader (RELRO). */
#ifndef SS_SEALED_H
#define SS_SEALED_H

#include "base/types.h"
#include "os/os.h"
#include "superslab.h"

/* The beacon: other copies of the library find this one by it. Its layout is the same in every ABI. */
typedef enum ss_beacon_state { SS_BEACON_DARK, SS_BEACON_LIT, SS_BEACON_WITHDRAWN } ss_beacon_state;
struct superslab_api;
struct ss_beacon {
    _Atomic uint32_t state; /* an ss_beacon_state */
    const struct superslab_api *api;
};

/* The length of `next`: the next definitions of the functions that a library around the core replaces. */
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
    _Atomic(ss_code *) profile_hook;          /* called after each sample; profile.h */
    /* The front layer's function that mends a copy in which no handler of fork has run; copy.c. */
    _Atomic(ss_code *) mend_copy;
    uint64_t trailer_key[2]; /* hardened: the secret of trailers, drawn once; trailer.h */
} ss_sealed;

extern ss_sealed ss_sealed_state __attribute__((visibility("hidden")));
/* Writable between ss_sealed_open and ss_sealed_close alone. */
#define ss_sealed_now (&ss_sealed_state)

/* Makes the pages writable, for one thread at a time: waits while another thread has them open. False if the system
 * refuses. If true, the caller calls ss_sealed_close soon, and until then nothing that may open the pages. */
bool ss_sealed_open(void);
/* The same, but does not wait: false also if the pages are open, by another thread or by the code that this signal
 * handler interrupted. */
bool ss_sealed_try_open(void);
void ss_sealed_close(void);

/* In the child of a fork: closes the pages if a thread that is gone had them open. */
void ss_sealed_inherit(void);

#endif
