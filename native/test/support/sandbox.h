/* Forbidding system calls to this process, as a container's filter does. */
#ifndef TEST_SANDBOX_H
#define TEST_SANDBOX_H

/* membarrier fails with `error` from now on, for ever. Skips where no filter can be set. */
void sandbox_forbid_membarrier(int error);

/* The same with clone, in the calling thread alone. */
void sandbox_forbid_clone(int error);

#endif
