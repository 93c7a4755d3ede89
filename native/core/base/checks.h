/* Checks of what the core relies on, in builds that are for finding faults: SUPERSLAB_CHECKED, which CMake sets under
 * the sanitizers, for fuzzing, the explorer and the soak test, and where it is asked for. A release build has neither
 * their code nor their cost. The conditions have no side effects.
 *
 * What they compare stands beside the layer whose structures they read: space_checks.h, slab_checks.h, heap_checks.h. */
#ifndef SS_CHECKS_H
#define SS_CHECKS_H

#ifdef SUPERSLAB_CHECKED
/* Prints one line, `superslab: check failed: CONDITION (FILE:LINE)`, and aborts. Allocates nothing and takes no lock. */
_Noreturn void ss_check_failed(const char *condition, const char *file, unsigned line);
#define SS_CHECK(condition)                                                                        \
    (__builtin_expect(!!(condition), 1) ? (void)0 : ss_check_failed(#condition, __FILE__, __LINE__))
#else
/* Compiled, so that a condition does not rot, but not evaluated. */
#define SS_CHECK(condition) ((void)sizeof(!(condition)))
#endif

#endif
