/* Assertions of the core's invariants, for builds with SUPERSLAB_CHECKED. CMake sets it for the sanitizers, fuzzing,
 * the explorer and the soak test, and on request. A release build has neither their code nor their cost. The
 * conditions have no side effects.
 *
 * The functions that conditions call are in the layer whose structures they read: base_checks.h, space_checks.h,
 * slab_checks.h, heap_checks.h. */
#ifndef SS_CHECKS_H
#define SS_CHECKS_H

#ifdef SUPERSLAB_CHECKED
/* Prints one line, `superslab: check failed: CONDITION (FILE:LINE)`, and aborts. Allocates nothing, takes no lock. */
_Noreturn void ss_check_failed(const char *condition, const char *file, unsigned line);
#define SS_CHECK(condition)                                                                        \
    (__builtin_expect(!!(condition), 1) ? (void)0 : ss_check_failed(#condition, __FILE__, __LINE__))
#else
/* The condition is compiled, so that it stays correct, but not evaluated. */
#define SS_CHECK(condition) ((void)sizeof(!(condition)))
#endif

#endif
