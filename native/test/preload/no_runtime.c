/* A C program gets no C++ runtime from the library. */
#include "check.h"
#include "served.h"

#include <stdio.h>
#include <string.h>

int main(void) {
    served_api();
    char line[512];
    bool seen = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        CHECK_THAT(strstr(line, "libstdc++") == NULL && strstr(line, "libgcc") == NULL, "%s", line);
        seen = seen || strstr(line, "libsuperslab") != NULL;
    }
    fclose(maps);
    CHECK(seen);
}
