/* The page that a process publishes: it belongs to the process, is read-only to others, never takes a number that the
 * program uses, and the process works without it where the system refuses it. */
#include "block.h"
#include "check.h"
#include "child.h"
#include "superslab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Its number if the program has not taken it: DESCRIPTOR_FIRST in os/page_linux.c. */
enum { DESCRIPTOR = 900, LOW_LIMIT = 64, PROCESS_OFFSET = 12 };

static bool is_page(int descriptor) {
    char path[64], target[64] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return readlink(path, target, sizeof target - 1) > 0 &&
           strncmp(target, "/memfd:superslab", 16) == 0;
}

static void allocate(void) {
    superslab_free(block_new(100));
    superslab_trim();
}

static ino_t page_inode(void) {
    struct stat file;
    CHECK(is_page(DESCRIPTOR));
    CHECK_EQ(fstat(DESCRIPTOR, &file), 0);
    return file.st_ino;
}

static uint32_t page_process(void) {
    uint32_t process = 0;
    CHECK_EQ(pread(DESCRIPTOR, &process, sizeof process, PROCESS_OFFSET), sizeof process);
    return process;
}

static void read_only(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", DESCRIPTOR);
    int other = open(path, O_RDWR);
    CHECK_NE(other, -1);
    CHECK(write(other, "x", 1) < 0 && errno == EPERM);
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0) == MAP_FAILED);
    CHECK(ftruncate(other, 0) != 0);
    close(other);
}

static void forked_child(void *parent_inode) {
    CHECK(page_inode() != *(ino_t *)parent_inode);
    CHECK_EQ(page_process(), getpid());
}

static void keeps_the_number(void *unused) {
    (void)unused;
    CHECK(!is_page(DESCRIPTOR));
    CHECK_NE(fcntl(DESCRIPTOR, F_GETFD), -1);
}

/* A program that closes all open descriptors, and then uses the number itself. */
static void closed_by_the_program(void *unused) {
    (void)unused;
    for (int i = 3; i < 1024; i++)
        close(i);
    int file = open("/dev/null", O_RDONLY);
    CHECK_EQ(dup2(file, DESCRIPTOR), DESCRIPTOR);
    allocate(); /* the page is still mapped */
    const child_result result = child_run(keeps_the_number, NULL);
    child_check_clean(&result);
    keeps_the_number(NULL);
}

static void without_file_size(void *unused) {
    (void)unused;
    const struct rlimit none = {0, 0};
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
    allocate(); /* by default the signal would end the process */
    CHECK(!is_page(DESCRIPTOR));
}

static void with_few_descriptors(void *unused) {
    (void)unused;
    const struct rlimit few = {LOW_LIMIT, LOW_LIMIT};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    allocate();
    int found = 0;
    for (int i = 0; i < LOW_LIMIT; i++)
        found += is_page(i);
    CHECK_EQ(found, 1);
    for (int i = 3; i < LOW_LIMIT / 2; i++)
        CHECK(!is_page(i));
}

static void without_descriptors(void *unused) {
    (void)unused;
    const struct rlimit none = {3, 3};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    allocate();
}

int main(void) {
#ifndef __linux__
    check_skip("no page is published on this system");
#endif
    if (CHECK_EMULATED)
        check_skip("an emulator's own threads and descriptors move the page to another number");
    void (*const before[])(void *) = {without_file_size, with_few_descriptors, without_descriptors};
    for (unsigned i = 0; i < sizeof before / sizeof *before; i++) {
        const child_result result = child_run(before[i], NULL);
        child_check_clean(&result);
    }
    allocate();
    ino_t inode = page_inode();
    CHECK_EQ(page_process(), getpid());
    CHECK(fcntl(DESCRIPTOR, F_GETFD) & FD_CLOEXEC);
    read_only();
    child_result result = child_run(forked_child, &inode);
    child_check_clean(&result);
    result = child_run(closed_by_the_program, NULL);
    child_check_clean(&result);
    CHECK_EQ(page_inode(), inode);
}
