#include "classes.h"

#include "check.h"
#include "superslab.h"

classes classes_derive(void) {
    classes found = {0};
    for (size_t size = 1;;) {
        const size_t usable = superslab_good_size(size);
        CHECK_GE(usable, size);
        if (usable > CLASSES_WALK_BYTES)
            return found;
        CHECK_LT(found.count, CLASSES_MAX);
        found.usable[found.count++] = usable;
        size = usable + 1;
    }
}
