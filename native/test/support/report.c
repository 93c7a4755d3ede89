#include "report.h"

#include "check.h"

#include <stdatomic.h>
#include <stddef.h>

static atomic_uint counts[REPORT_KINDS]; /* [0]: all */
static _Atomic(const void *) last_pointer;
static int context_expected;

static void note(superslab_error error, const void *pointer, void *context) {
    CHECK_EQ(context, &context_expected);
    CHECK(error >= SUPERSLAB_ERROR_DOUBLE_FREE && error <= SUPERSLAB_ERROR_WRONG_FREE);
    atomic_store(&last_pointer, pointer);
    atomic_fetch_add(&counts[error], 1);
    atomic_fetch_add(&counts[0], 1);
}

void reports_start(void) {
    superslab_set_error_handler(note, &context_expected);
    reports_take();
}

unsigned reports_count(superslab_error error) {
    return atomic_load(&counts[error]);
}

void reports_expect_either(superslab_error error, superslab_error other, const void *pointer) {
    CHECK_EQ(atomic_load(&counts[0]), 1);
    if (atomic_load(&counts[other]) != 1)
        CHECK_EQ(atomic_load(&counts[error]), 1);
    CHECK_EQ(atomic_load(&last_pointer), pointer);
    reports_take();
}

void reports_expect(superslab_error error, const void *pointer) {
    reports_expect_either(error, error, pointer);
}

uintptr_t reports_pointer(void) {
    return (uintptr_t)atomic_load(&last_pointer);
}

void reports_expect_none(void) {
    CHECK_EQ(atomic_load(&counts[0]), 0);
}

unsigned reports_take(void) {
    const unsigned taken = atomic_load(&counts[0]);
    for (size_t i = 0; i < REPORT_KINDS; i++)
        atomic_store(&counts[i], 0);
    return taken;
}
