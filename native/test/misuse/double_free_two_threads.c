/* Freed by a thread that has ended, then by main.
 *
 * all: SIGABRT superslab: double free: <hex> */
#include "superslab.h"

#include <pthread.h>

static void *free_it(void *block) {
    superslab_free(block);
    return NULL;
}

int main(void) {
    void *block = superslab_malloc(500), *neighbour = superslab_malloc(500);
    pthread_t thread;
    pthread_create(&thread, NULL, free_it, block);
    pthread_join(thread, NULL);
    superslab_free(block);
    superslab_free(neighbour);
}
