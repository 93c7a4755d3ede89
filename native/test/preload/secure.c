/* A setuid program takes no SUPERSLAB_ variable from its caller: no file that SUPERSLAB_STATS or
 * SUPERSLAB_RECORD names, not the limit, not a complaint about a value. The same program without the bit takes them
 * all. */
#define _GNU_SOURCE
#include "check.h"
#include "child.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOBODY = 65534, PATH_BYTES = 128 };

static char folder[] = "/tmp/superslab-secure-XXXXXX";
static char program[PATH_BYTES], statistics[PATH_BYTES], record[PATH_BYTES];

static void copy_program(void) {
    struct stat file;
    const int from = open(PROGRAM_SECURE, O_RDONLY | O_CLOEXEC);
    const int to = open(program, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    CHECK(from >= 0 && to >= 0);
    CHECK_EQ(fstat(from, &file), 0);
    for (off_t done = 0; done < file.st_size;)
        CHECK_GT(sendfile(to, from, &done, (size_t)(file.st_size - done)), 0);
    CHECK_EQ(close(from) | close(to), 0);
}

/* Runs as root, which may read any folder, or as a user that gets root's rights by the program's setuid bit. */
static void run_as(void *user) {
    const uid_t id = *(const uid_t *)user;
    char stats[PATH_BYTES + 32], recording[PATH_BYTES + 32];
    snprintf(stats, sizeof stats, "SUPERSLAB_STATS=%s", statistics);
    snprintf(recording, sizeof recording, "SUPERSLAB_RECORD=%s", record);
    char *const environment[] = {stats,
                                 recording,
                                 "SUPERSLAB_LIMIT=8M",
                                 "SUPERSLAB_DECAY=-1",
                                 "SUPERSLAB_CHILDREN=all",
                                 "SUPERSLAB_THP=nonsense",
                                 NULL};
    CHECK_EQ(setgroups(0, NULL), 0);
    CHECK_EQ(setresgid(id, id, id), 0);
    CHECK_EQ(setresuid(id, id, id), 0);
    execve(program, (char *[]){program, NULL}, environment);
    check_fail(__FILE__, __LINE__, "exec failed");
}

static bool wrote_statistics(void) {
    return access(statistics, F_OK) == 0 && unlink(statistics) == 0;
}

/* To the name with the process's id behind it. Removes the file. */
static bool wrote_recording(void) {
    DIR *names = opendir(folder);
    bool wrote = false;
    CHECK(names != NULL);
    for (struct dirent *one; (one = readdir(names)) != NULL;)
        if (strncmp(one->d_name, "recording", strlen("recording")) == 0)
            wrote = unlinkat(dirfd(names), one->d_name, 0) == 0 || wrote;
    closedir(names);
    return wrote;
}

static void remove_all(void) {
    wrote_recording();
    unlink(statistics);
    unlink(program);
    rmdir(folder);
}

int main(void) {
    if (geteuid() != 0)
        check_skip("only root can make a program setuid root");
    CHECK(mkdtemp(folder) != NULL);
    CHECK_EQ(chmod(folder, 01777), 0);
    snprintf(program, sizeof program, "%s/program", folder);
    snprintf(statistics, sizeof statistics, "%s/statistics", folder);
    snprintf(record, sizeof record, "%s/recording", folder);
    atexit(remove_all);
    copy_program();

    uid_t user = 0;
    child_result result = child_run(run_as, &user);
    child_check_clean(&result);
    CHECK(strstr(result.text, "plain served limited\n") != NULL);
    CHECK(strstr(result.text, "SUPERSLAB_THP=nonsense is ignored") != NULL);
    CHECK(wrote_statistics());
    CHECK(wrote_recording());

    CHECK_EQ(chmod(program, 04755), 0);
    user = NOBODY;
    result = child_run(run_as, &user);
    child_check_clean(&result);
    if (strstr(result.text, "plain ") != NULL)
        check_skip("the file system gives setuid programs no rights");
    CHECK_THAT(strcmp(result.text, "secure served unlimited\n") == 0, "%s", result.text);
    CHECK(!wrote_statistics());
    CHECK(!wrote_recording());
}
