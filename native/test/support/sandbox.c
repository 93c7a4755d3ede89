#include "sandbox.h"

#include "check.h"

#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static void filter_set(struct sock_filter *filter, size_t count) {
    const struct sock_fprog program = {(unsigned short)count, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        check_skip("the system lets no filter of system calls be set");
}

void sandbox_kill_membarrier_and_clone(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    filter_set(filter, sizeof filter / sizeof *filter);
}

static void forbid(unsigned call, int error) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    filter_set(filter, sizeof filter / sizeof *filter);
}

void sandbox_forbid_membarrier(int error) {
    forbid(SYS_membarrier, error);
}

void sandbox_forbid_clone(int error) {
    forbid(SYS_clone, error);
}
#else
void sandbox_forbid_membarrier(int error) {
    (void)error; /* there is none */
}

void sandbox_forbid_clone(int error) {
    (void)error;
}

void sandbox_kill_membarrier_and_clone(void) {
    check_skip("this system has no such filters");
}
#endif
