/* The note of a copy whose constructor never runs: its beacon is never set. */
#include "window/api.h"

#include <stdint.h>

__attribute__((visibility("hidden"), used)) struct {
    uint32_t state;
    const void *api;
} dark_beacon;

__asm__(".pushsection .note.superslab, \"a\", %note\n"
        ".balign 4\n"
        ".long 10, 8, 1\n"
        ".asciz \"superslab\"\n"
        ".balign 4\n"
        ".long " SS_API_STRING(SUPERSLAB_ABI) "\n"
                                              ".long dark_beacon - .\n"
                                              ".popsection\n");
