/* Steps from a frame of a thread's stack to its caller, in the middle of malloc: by the unwind tables (.eh_frame) of the
 * file that has the code, or by the frame pointer where there are none, as in the code that a JavaScript engine generates.
 *
 * The C++ runtime's own unwinder would not do: it allocates, takes the loader's lock, and stops at generated code. This
 * one knows the registers that the tables of compiled functions are made of, reads all memory in ways that cannot fault,
 * and remembers what a table says of an address. */
#ifndef SS_UNWIND_H
#define SS_UNWIND_H

#include "profile/reader.h"

#if defined(__x86_64__)
#define SS_UNWIND_REGISTERS 17u /* DWARF's numbers; the last one is the return address */
#define SS_UNWIND_FP 6u
#define SS_UNWIND_SP 7u
#define SS_UNWIND_RA 16u
#elif defined(__aarch64__)
#define SS_UNWIND_REGISTERS 32u
#define SS_UNWIND_FP 29u
#define SS_UNWIND_SP 31u
#define SS_UNWIND_RA 30u
#else
#define SS_UNWIND_REGISTERS 3u
#define SS_UNWIND_FP 0u
#define SS_UNWIND_SP 1u
#define SS_UNWIND_RA 2u
#endif

typedef struct ss_frame {
    uintptr_t pc;
    bool exact;     /* pc is the next instruction itself, not one after a call */
    bool generated; /* pc is in no file */
    uint32_t known; /* registers whose value is known, one bit each */
    uintptr_t value[SS_UNWIND_REGISTERS];
} ss_frame;

/* Fills in the frame of its caller. */
#if defined(__x86_64__)
#define SS_FRAME_HERE(frame)                                                                       \
    do {                                                                                           \
        (frame)->exact = true;                                                                     \
        (frame)->known = 1u << 3 | 1u << 6 | 1u << 7 | 0xfu << 12;                                 \
        __asm__ volatile("lea 0(%%rip), %%rax\n\t"                                                 \
                         "mov %%rax, (%0)\n\t"                                                     \
                         "mov %%rbx, 24(%1)\n\t"                                                   \
                         "mov %%rbp, 48(%1)\n\t"                                                   \
                         "mov %%rsp, 56(%1)\n\t"                                                   \
                         "mov %%r12, 96(%1)\n\t"                                                   \
                         "mov %%r13, 104(%1)\n\t"                                                  \
                         "mov %%r14, 112(%1)\n\t"                                                  \
                         "mov %%r15, 120(%1)\n\t"                                                  \
                         :                                                                         \
                         : "r"(&(frame)->pc), "r"((frame)->value)                                  \
                         : "rax", "memory");                                                       \
    } while (0)
#elif defined(__aarch64__)
#define SS_FRAME_HERE(frame)                                                                       \
    do {                                                                                           \
        (frame)->exact = true;                                                                     \
        (frame)->known = 0x3ffu << 19 | 1u << 29 | 1u << 30 | 1u << 31;                            \
        __asm__ volatile("adr x9, .\n\t"                                                           \
                         "str x9, [%0]\n\t"                                                        \
                         "stp x19, x20, [%1, #152]\n\t"                                            \
                         "stp x21, x22, [%1, #168]\n\t"                                            \
                         "stp x23, x24, [%1, #184]\n\t"                                            \
                         "stp x25, x26, [%1, #200]\n\t"                                            \
                         "stp x27, x28, [%1, #216]\n\t"                                            \
                         "stp x29, x30, [%1, #232]\n\t"                                            \
                         "mov x9, sp\n\t"                                                          \
                         "str x9, [%1, #248]\n\t"                                                  \
                         :                                                                         \
                         : "r"(&(frame)->pc), "r"((frame)->value)                                  \
                         : "x9", "memory");                                                        \
    } while (0)
#else
#define SS_FRAME_HERE(frame) (*(frame) = (ss_frame){.pc = 0})
#endif

/* Fills in a frame from registers, those of `known`, by DWARF's numbers: as a thread was interrupted at `pc`. `count` values
 * are there. */
static inline void ss_frame_set(ss_frame *frame, uintptr_t pc, uint32_t known,
                                const uintptr_t *values, unsigned count) {
    *frame = (ss_frame){.pc = pc, .exact = true, .known = known};
    for (unsigned i = 0; i < SS_UNWIND_REGISTERS && i < count; i++)
        frame->value[i] = values[i];
}

/* Makes the frame its caller's; false at the end of the stack, or where it cannot be read. Under the profile's lock. */
bool ss_unwind(ss_frame *frame, ss_reader *reader);

#endif
