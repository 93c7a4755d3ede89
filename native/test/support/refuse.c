#include "refuse.h"

#ifdef __linux__

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/types.h>

static atomic_uint kinds_counted, calls, first_refused;
static atomic_bool all_after_refused;

void refuse_start(unsigned kinds, unsigned first, bool all_after) {
    atomic_store(&calls, 0);
    atomic_store(&first_refused, first);
    atomic_store(&all_after_refused, all_after);
    atomic_store(&kinds_counted, kinds);
}

unsigned refuse_stop(void) {
    atomic_store(&kinds_counted, 0);
    return atomic_load(&calls);
}

static bool refused(refuse_kind kind) {
    if ((atomic_load(&kinds_counted) & kind) == 0)
        return false;
    const unsigned call = atomic_fetch_add(&calls, 1), first = atomic_load(&first_refused);
    if (call != first && !(call > first && atomic_load(&all_after_refused)))
        return false;
    errno = ENOMEM;
    return true;
}

/* The linker's --wrap=NAME sends calls of NAME to __wrap_NAME, and has __real_NAME mean NAME. */
void *__real_mmap(void *start, size_t bytes, int protection, int flags, int file, off_t offset);
int __real_mprotect(void *start, size_t bytes, int protection);
int __real_madvise(void *start, size_t bytes, int advice);
void *__real_mremap(void *start, size_t bytes, size_t new_bytes, int flags, ...);
void *__wrap_mmap(void *start, size_t bytes, int protection, int flags, int file, off_t offset);
int __wrap_mprotect(void *start, size_t bytes, int protection);
int __wrap_madvise(void *start, size_t bytes, int advice);
void *__wrap_mremap(void *start, size_t bytes, size_t new_bytes, int flags, ...);

void *__wrap_mmap(void *start, size_t bytes, int protection, int flags, int file, off_t offset) {
    if (refused(REFUSE_MMAP))
        return MAP_FAILED;
    return __real_mmap(start, bytes, protection, flags, file, offset);
}

int __wrap_mprotect(void *start, size_t bytes, int protection) {
    return refused(REFUSE_MPROTECT) ? -1 : __real_mprotect(start, bytes, protection);
}

int __wrap_madvise(void *start, size_t bytes, int advice) {
    return refused(REFUSE_MADVISE) ? -1 : __real_madvise(start, bytes, advice);
}

void *__wrap_mremap(void *start, size_t bytes, size_t new_bytes, int flags, ...) {
    if (refused(REFUSE_MREMAP))
        return MAP_FAILED;
    va_list rest;
    va_start(rest, flags);
    void *target = va_arg(rest, void *);
    va_end(rest);
    return __real_mremap(start, bytes, new_bytes, flags, target);
}

#endif
