/* Runs the fuzz target once for each file of the folder that is its argument. */
#include "check.h"

#include <dirent.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
    CHECK_EQ(argc, 2);
    DIR *folder = opendir(argv[1]);
    CHECK(folder != NULL);
    unsigned files = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        static uint8_t data[1 << 16];
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        FILE *file = fopen(path, "rb");
        CHECK_THAT(file != NULL, "%s", path);
        LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof data, file));
        fclose(file);
        files++;
    }
    closedir(folder);
    CHECK_GT(files, 0);
}
