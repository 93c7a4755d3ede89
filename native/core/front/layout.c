#include "front/layout.h"

const ss_layout ss_layout_here = {.version = SS_LAYOUT_VERSION,
                                  .count = SS_LAYOUT_COUNT,
                                  .process = &ss_process_state,
                                  .registry = &ss_registry_state,
                                  .heaps = &ss_heaps_state,
                                  .empty = &ss_empty_state,
                                  .numbers = {
#define SS_LAYOUT_NUMBER(name, number) (uint32_t)(number),
                                      SS_LAYOUT(SS_LAYOUT_NUMBER)
#undef SS_LAYOUT_NUMBER
                                  }};

/* A note, which no linker and no strip leaves out, and whose section a debugger lists by name with its address. */
#ifdef __ELF__
/* clang-format off */
__asm__(".pushsection .note.superslab.layout, \"a\", %note\n"
        ".balign 4\n"
        ".long 17, 4, 1\n" /* lengths of name and contents, type */
        ".asciz \"superslab-layout\"\n"
        ".balign 4\n"
        ".long ss_layout_here - .\n"
        ".popsection\n");
/* clang-format on */
#endif
