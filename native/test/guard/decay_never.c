/* Guards without a scavenger: SUPERSLAB_DECAY=-1. */
#include "guard.h"

int main(void) {
    guard_check_without_scavenger("-1");
}
