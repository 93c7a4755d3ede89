/* The size classes, derived from the public interface alone. */
#ifndef TEST_CLASSES_H
#define TEST_CLASSES_H

#include <stddef.h>

enum { CLASSES_MAX = 256, CLASSES_WALK_BYTES = 66000 };

typedef struct classes {
    size_t count;
    size_t usable[CLASSES_MAX]; /* the largest request each one serves, ascending */
} classes;

/* All classes of up to 66000 bytes: what lies above 64 KiB has whole granules of its own. */
classes classes_derive(void);

#endif
