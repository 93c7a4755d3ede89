/* A program linked with the library that says on stderr whether the kernel gave it more rights than its caller has,
 * whether superslab serves it, and whether SUPERSLAB_LIMIT=8M binds it. Exports what node exports, so that it is
 * served with any value of SUPERSLAB_CHILDREN. */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

enum { MORE_THAN_THE_LIMIT = 64 << 20 };

__attribute__((visibility("default"))) void napi_create_function(void);
void napi_create_function(void) {}

static int is_served(void) {
    char text[1024] = "";
    FILE *stream = fmemopen(text, sizeof text, "w");
    const int told = stream != NULL && malloc_info(0, stream) == 0;
    fclose(stream);
    return told && strstr(text, "superslab") != NULL;
}

int main(void) {
    void *volatile block = malloc(MORE_THAN_THE_LIMIT);
    fprintf(stderr, "%s %s %s\n", getauxval(AT_SECURE) ? "secure" : "plain",
            is_served() ? "served" : "passed", block == NULL ? "limited" : "unlimited");
    free(block);
    return 0;
}
