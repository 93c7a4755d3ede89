/* USDT probes on sampled blocks, by the contract of OpenTelemetry's eBPF profiler (design document 00003, memory profiling):
 *
 *   otel_memory:alloc(void *block, uint64_t size, uint64_t weight)   weight: the bytes that the sample stands for
 *   otel_memory:free(void *block)
 *
 * Each is one nop, and a note that says where it is and in which registers the arguments are. The notes are those of
 * SystemTap's <sys/sdt.h>, version 3, written here so that no build needs that header. There are no semaphores: nothing
 * but sampled blocks comes here. */
#ifndef SS_PROBES_H
#define SS_PROBES_H

#include <stdint.h>

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

/* clang-format off */
/* The section .stapsdt.base lets a reader find out by how much prelink has moved the file. */
#define SS_PROBE_NOTE(name, arguments)                                                             \
    "990: nop\n"                                                                                   \
    ".pushsection .note.stapsdt, \"\", \"note\"\n"                                                 \
    ".balign 4\n"                                                                                  \
    ".4byte 992f - 991f, 994f - 993f, 3\n"                                                         \
    "991: .asciz \"stapsdt\"\n"                                                                    \
    "992: .balign 4\n"                                                                             \
    "993: .8byte 990b, _.stapsdt.base, 0\n"                                                        \
    ".asciz \"otel_memory\"\n"                                                                     \
    ".asciz \"" name "\"\n"                                                                        \
    ".asciz \"" arguments "\"\n"                                                                   \
    "994: .balign 4\n"                                                                             \
    ".popsection\n"                                                                                \
    ".ifndef _.stapsdt.base\n"                                                                     \
    ".pushsection .stapsdt.base, \"aG\", \"progbits\", .stapsdt.base, comdat\n"                    \
    ".weak _.stapsdt.base\n"                                                                       \
    ".hidden _.stapsdt.base\n"                                                                     \
    "_.stapsdt.base: .space 1\n"                                                                   \
    ".size _.stapsdt.base, 1\n"                                                                    \
    ".popsection\n"                                                                                \
    ".endif\n"
/* clang-format on */

#ifdef __x86_64__
#define SS_PROBE_ALLOC_ARGUMENTS "8@%%rdi 8@%%rsi 8@%%rdx"
#define SS_PROBE_FREE_ARGUMENTS "8@%%rdi"
#define SS_PROBE_REGISTER(number, name_x86, name_arm) name_x86
#else
#define SS_PROBE_ALLOC_ARGUMENTS "8@x0 8@x1 8@x2"
#define SS_PROBE_FREE_ARGUMENTS "8@x0"
#define SS_PROBE_REGISTER(number, name_x86, name_arm) name_arm
#endif

/* Out of line, so that the arguments are in the registers of the calling convention and each probe is at one place. */
static __attribute__((noinline)) void ss_probe_alloc(const void *block, uint64_t size,
                                                     uint64_t weight) {
    register const void *a __asm__(SS_PROBE_REGISTER(0, "rdi", "x0")) = block;
    register uint64_t b __asm__(SS_PROBE_REGISTER(1, "rsi", "x1")) = size;
    register uint64_t c __asm__(SS_PROBE_REGISTER(2, "rdx", "x2")) = weight;
    __asm__ volatile(SS_PROBE_NOTE("alloc", SS_PROBE_ALLOC_ARGUMENTS) : : "r"(a), "r"(b), "r"(c));
}

static __attribute__((noinline)) void ss_probe_free(uintptr_t block) {
    register uintptr_t a __asm__(SS_PROBE_REGISTER(0, "rdi", "x0")) = block;
    __asm__ volatile(SS_PROBE_NOTE("free", SS_PROBE_FREE_ARGUMENTS) : : "r"(a));
}

#else

static inline void ss_probe_alloc(const void *block, uint64_t size, uint64_t weight) {
    (void)block, (void)size, (void)weight;
}

static inline void ss_probe_free(uintptr_t block) {
    (void)block;
}

#endif

#endif
