/* Guards without a scavenger: SUPERSLAB_DECAY=inline. */
#include "guard.h"

int main(void) {
    guard_check_without_scavenger("inline");
}
