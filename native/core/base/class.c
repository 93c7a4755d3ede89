#include "base/class.h"

/* STEP fills the entries of one class: the requests that it serves and the class before it does not. A headed class
 * above SS_LINEAR_MAX with the round number R has stride R + SS_ALIGNMENT and serves requests of up to
 * R / SS_ALIGNMENT steps. */
#define BIN(doubling, step)                                                                        \
    (SS_BIN_HEADED + SS_LINEAR_CLASSES + 1 + SS_DOUBLING_CLASSES * (doubling) + (step))
/* The steps of 16 bytes from one class of a doubling to the next. */
#define WIDTH(doubling) ((SS_LINEAR_CLASSES / SS_DOUBLING_CLASSES) << (doubling))
#define FROM(doubling, step) ((SS_LINEAR_CLASSES << (doubling)) + WIDTH(doubling) * (step))
#define STEP(doubling, step)                                                                       \
    [FROM(doubling, step) + 1 ... FROM(doubling, (step) + 1)] = BIN(doubling, step)
#define DOUBLING(doubling)                                                                         \
    STEP(doubling, 0), STEP(doubling, 1), STEP(doubling, 2), STEP(doubling, 3), STEP(doubling, 4), \
        STEP(doubling, 5), STEP(doubling, 6), STEP(doubling, 7)
#define SMALL(step) [step] = SS_BIN_HEADED + (SS_HARDENED && (step) == 0 ? 1 : (step))

_Static_assert(SS_LINEAR_CLASSES == 16 && SS_DOUBLINGS == 8 && SS_DOUBLING_CLASSES == 8,
               "the table below lists every step");
_Alignas(SS_CACHE_LINE) _Atomic uint8_t ss_bin_of_step[SS_STEPS] = {
    SMALL(0),    SMALL(1),    SMALL(2),    SMALL(3),    SMALL(4),    SMALL(5),    SMALL(6),
    SMALL(7),    SMALL(8),    SMALL(9),    SMALL(10),   SMALL(11),   SMALL(12),   SMALL(13),
    SMALL(14),   SMALL(15),   SMALL(16),   DOUBLING(0), DOUBLING(1), DOUBLING(2), DOUBLING(3),
    DOUBLING(4), DOUBLING(5), DOUBLING(6), DOUBLING(7),
};

static uint32_t round_stride(unsigned index) {
    if (index < SS_LINEAR_CLASSES)
        return (index + 1) * SS_ALIGNMENT;
    unsigned doubling = (index - SS_LINEAR_CLASSES) / SS_DOUBLING_CLASSES;
    unsigned step = (index - SS_LINEAR_CLASSES) % SS_DOUBLING_CLASSES;
    return (SS_LINEAR_MAX << doubling) +
           (SS_LINEAR_MAX / SS_DOUBLING_CLASSES << doubling) * (step + 1);
}

static void class_set(ss_class *class, uint32_t stride, uint32_t first, uint32_t least) {
    uint32_t granules = 1, capacity;
    for (;; granules++) {
        uint32_t bytes = granules << SS_GRANULE_SHIFT;
        capacity = (bytes - first) / stride;
        /* The tail is never touched, so it costs addresses and no memory: up to an eighth is acceptable. */
        if (granules == SS_SLAB_MAX_GRANULES ||
            (capacity >= least && bytes - capacity * stride <= bytes / 8))
            break;
    }
    uint32_t most = SS_BIN_MAX_BYTES / stride;
    class->stride = stride;
    class->reciprocal =
        (uint32_t)(((UINT64_C(1) << 31) + stride / SS_ALIGNMENT - 1) / (stride / SS_ALIGNMENT));
    class->capacity = (uint16_t)capacity;
    class->granules = (uint8_t)granules;
    class->first = (uint8_t)first;
    class->max_blocks = (uint16_t)(most < SS_BIN_MIN_BLOCKS   ? SS_BIN_MIN_BLOCKS
                                   : most > SS_BIN_MAX_BLOCKS ? SS_BIN_MAX_BLOCKS
                                                              : most);
}

void ss_class_init(ss_class classes[SS_BIN_COUNT]) {
    for (unsigned i = 0; i < SS_HEADLESS_COUNT; i++)
        class_set(&classes[i], round_stride(i), 0, SS_SLAB_HEADLESS_BLOCKS);
    for (unsigned i = 0; i < SS_HEADED_COUNT; i++) {
        /* Above the linear classes the header needs a step of its own. */
        uint32_t stride =
            i < SS_LINEAR_CLASSES ? round_stride(i) : round_stride(i - 1) + SS_ALIGNMENT;
        class_set(&classes[SS_BIN_HEADED + i], stride, SS_ALIGNMENT, SS_SLAB_HEADED_BLOCKS);
    }
    for (unsigned bin = SS_HEADER_COUNT; bin < SS_BIN_COUNT; bin++)
        classes[bin] = classes[ss_bin_header(bin)];
}
