/* The C library's own malloc, for what defines one of its own. */
#ifndef TEST_LIBC_MALLOC_H
#define TEST_LIBC_MALLOC_H

#include <features.h>
#include <stddef.h>

#ifdef __GLIBC__
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void __libc_free(void *block);
#define LIBC_MALLOC __libc_malloc
#define LIBC_CALLOC __libc_calloc
#define LIBC_REALLOC __libc_realloc
#define LIBC_FREE __libc_free
#else
/* musl has no other names for them, but a dlsym that allocates nothing. What it finds next may be the preload
 * library's, which passes the call on. */
#include <dlfcn.h>
#define LIBC_MALLOC ((void *(*)(size_t))dlsym(RTLD_NEXT, "malloc"))
#define LIBC_CALLOC ((void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc"))
#define LIBC_REALLOC ((void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc"))
#define LIBC_FREE ((void (*)(void *))dlsym(RTLD_NEXT, "free"))
#endif

#endif
