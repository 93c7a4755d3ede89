#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* nftw */
#endif
#include "files.h"

#include "check.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[256];

const char *files_directory(void) {
    if (directory[0] == '\0') {
        const char *parent = getenv("TMPDIR");
        snprintf(directory, sizeof directory, "%s/superslab-test-XXXXXX",
                 parent != NULL ? parent : "/tmp");
        CHECK(mkdtemp(directory) != NULL);
    }
    return directory;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status, (void)kind, (void)place;
    return remove(path);
}

void files_remove(void) {
    if (directory[0] != '\0')
        nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    directory[0] = '\0';
}

void files_write(const char *path, const char *text) {
    char whole[1024];
    snprintf(whole, sizeof whole, "%s/%s", files_directory(), path);
    for (char *slash = whole + strlen(files_directory()) + 1; (slash = strchr(slash, '/')) != NULL;
         slash++) {
        *slash = '\0';
        mkdir(whole, 0700);
        *slash = '/';
    }
    FILE *file = fopen(whole, "we");
    CHECK(file != NULL);
    CHECK_EQ(fputs(text, file) >= 0, 1);
    CHECK_EQ(fclose(file), 0);
}
