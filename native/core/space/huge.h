/* Huge pages for memory that grows.
 *
 * A page fault costs more than the zeroing of its page, and more still in a virtual machine. So once a headed space has
 * SS_HUGE_MIN_BYTES in use, and SS_HUGE_THREAD_BYTES more for each thread, a SuperSlab of clean granules that slabs are about to be made in is backed by one huge page
 * before the first of them: one fault in place of 512. All of its memory is there then, so all of its granules become
 * dirty: what the program does not use ages and goes back like any other.
 *
 * Slabs longer than SS_HUGE_MOST_GRANULES leave part of themselves untouched, so they are kept out of the memory that was
 * filled last (ss_huge_pass): it waits for the slabs that it was filled for.
 *
 * The kernel alone would not do this well. Where it may use huge pages as it likes, khugepaged makes 2 MiB of each page
 * that is left in a purged SuperSlab. So only the moment of the first fault is allowed them. And a part of a huge page
 * that is given back (MADV_DONTNEED) leaves the resident set, but stays charged to the container until the kernel splits
 * the page, which it does only when memory is short. So a purge splits the page first. */
#ifndef SS_HUGE_H
#define SS_HUGE_H

#include "space/space.h"

/* Before `count` granules are taken for a slab: backs a SuperSlab by a huge page if the granules would come from clean
 * ones. Called with the space's lock held, which it may release and take again. */
void ss_huge_fill(ss_space *space, uint32_t count);

/* Whether a granule lies in the SuperSlab that was filled last. */
static inline bool ss_huge_is_filled(const ss_space *space, uint32_t granule) {
    return granule / SS_SUPERSLAB_GRANULES + 1 == space->filled;
}

/* For a span longer than SS_HUGE_MOST_GRANULES that would begin in that SuperSlab: moves it behind the SuperSlab in its
 * run, or to a clean run, if it fits there. Called with the space's lock held. */
void ss_huge_pass(const ss_space *space, uint32_t count, uint32_t *run, uint32_t *first);

/* Gives committed pages of the space back, as ss_os_purge does, also where they are a part of a huge page. */
bool ss_space_purge(const ss_space *space, void *start, size_t bytes);

#endif
