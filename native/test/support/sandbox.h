/* Forbidding system calls to this process, as a container's filter does. */
#ifndef TEST_SANDBOX_H
#define TEST_SANDBOX_H

/* membarrier fails with `error` from now on, for ever. Skips where no filter can be set. */
void sandbox_forbid_membarrier(int error);

/* From now on either call ends the process, also after an exec. Skips where no filter can be set. */
void sandbox_kill_membarrier_and_clone(void);

/* clone fails with `error`, in the calling thread alone. */
void sandbox_forbid_clone(int error);

#endif
