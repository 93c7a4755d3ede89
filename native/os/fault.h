/* Faults of memory: a handler of the signals that the system sends for them, which leaves every fault that is not its own
 * to the program's handler. */
#ifndef SS_OS_FAULT_H
#define SS_OS_FAULT_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ss_os_access {
    SS_OS_ACCESS_UNKNOWN,
    SS_OS_ACCESS_READ,
    SS_OS_ACCESS_WRITE
} ss_os_access;

/* Registers by DWARF's numbers; the last one of a machine may be its return address, and is not set. */
#define SS_OS_FAULT_REGISTERS 33u

typedef struct ss_os_fault {
    uintptr_t address; /* that was accessed */
    ss_os_access access;
    uintptr_t pc;   /* of the instruction; 0 where the system does not tell */
    uint32_t known; /* registers that are set, one bit each */
    uintptr_t value[SS_OS_FAULT_REGISTERS];
} ss_os_fault;

/* Called in the handler of the signal, by the thread that made the access, on its alternate stack if it has one. */
typedef void ss_os_fault_handler(const ss_os_fault *fault);

/* Sees to it that `handler` is called first at each fault. Then the action follows that the program has set: its own
 * handler, or the default, by which the process ends at the instruction that made the access. Called again and again:
 * where the program has set another action meanwhile, the handler takes its place before that one. The program finds
 * this library's function if it asks for the action, and may call it or set it again. `handler` is the same each time. */
void ss_os_fault_watch(ss_os_fault_handler *handler);

/* Fills in what the system says of the fault beside its address; `context` is the third argument of the signal's
 * handler. Contract between fault_posix.c and the other files. */
void ss_os_fault_registers(const void *context, ss_os_fault *out);

#endif
