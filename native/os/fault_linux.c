#define _GNU_SOURCE
#include "fault.h"

#include <signal.h>
#include <stddef.h>
#include <ucontext.h>

#if defined(__x86_64__)

/* DWARF's numbers, in their order. */
static const int registers[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                REG_R12, REG_R13, REG_R14, REG_R15};

void ss_os_fault_registers(const void *context, ss_os_fault *out) {
    enum { COUNT = sizeof registers / sizeof *registers, WRITE_BIT = 1 << 1 };
    const ucontext_t *at = context;
    for (unsigned i = 0; i < COUNT; i++)
        out->value[i] = (uintptr_t)at->uc_mcontext.gregs[registers[i]];
    out->known = (1u << COUNT) - 1;
    out->pc = (uintptr_t)at->uc_mcontext.gregs[REG_RIP];
    out->access =
        (at->uc_mcontext.gregs[REG_ERR] & WRITE_BIT) != 0 ? SS_OS_ACCESS_WRITE : SS_OS_ACCESS_READ;
}

#elif defined(__aarch64__)

/* The kernel's record of the fault's syndrome, among those behind the registers. */
typedef struct record {
    uint32_t magic, bytes;
    uint64_t syndrome;
} record;
enum { RECORD_MAGIC = 0x45535201, RECORDS_BYTES = 4096 };
#define SYNDROME_WRITE (UINT64_C(1) << 6)

static ss_os_access access_of(const uint8_t *records) {
    for (size_t at = 0; at + sizeof(record) <= RECORDS_BYTES;) {
        const record *one = (const record *)(const void *)(records + at);
        if (one->magic == RECORD_MAGIC)
            return (one->syndrome & SYNDROME_WRITE) != 0 ? SS_OS_ACCESS_WRITE : SS_OS_ACCESS_READ;
        if (one->magic == 0 || one->bytes == 0)
            break;
        at += one->bytes;
    }
    return SS_OS_ACCESS_UNKNOWN;
}

void ss_os_fault_registers(const void *context, ss_os_fault *out) {
    const ucontext_t *at = context;
    for (unsigned i = 0; i < 31; i++)
        out->value[i] = (uintptr_t)at->uc_mcontext.regs[i];
    out->value[31] = (uintptr_t)at->uc_mcontext.sp;
    out->known = UINT32_MAX;
    out->pc = (uintptr_t)at->uc_mcontext.pc;
    out->access = access_of((const uint8_t *)at->uc_mcontext.__reserved);
}

#else

void ss_os_fault_registers(const void *context, ss_os_fault *out) {
    (void)context, (void)out;
}

#endif
