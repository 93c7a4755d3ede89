/* The second free comes when others lie on top of it in the thread's bin.
 *
 * all: SIGABRT superslab: double free: <hex> */
#include "superslab.h"

int main(void) {
    void *blocks[9];
    for (int i = 0; i < 9; i++)
        blocks[i] = superslab_malloc(64);
    for (int i = 0; i < 9; i++)
        superslab_free(blocks[i]);
    superslab_free(blocks[4]);
}
