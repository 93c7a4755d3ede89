/* native/gdb/superslab.py on a core file, with this program stripped, and on the live process: it reports the same
 * about addresses as the process itself. */
#include "block.h"
#include "check.h"
#include "superslab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { SIZE = 1000, LARGE = 200000, TEXT = 1 << 16 };

static char folder[] = "/tmp/superslab-debugger-XXXXXX";
static char text[TEXT];

/* What a shell command prints, both ways; its exit code. */
static int shell(const char *command) {
    FILE *pipe = popen(command, "r");
    CHECK(pipe != NULL);
    const size_t length = fread(text, 1, sizeof text - 1, pipe);
    text[length] = '\0';
    return pclose(pipe);
}

static void must(const char *command) {
    CHECK_THAT(shell(command) == 0, "%s: %s", command, text);
}

static void must_say(const char *expected) {
    CHECK_THAT(strstr(text, expected) != NULL, "not there: %s\n%s", expected, text);
}

/* gdb with a command of the script, on the core file or on this process. */
static void ask(const char *target, const char *command) {
    char line[1024];
    snprintf(line, sizeof line, "gdb -q -batch -nx -x %s -ex '%s' %s 2>&1", SUPERSLAB_GDB, command,
             target);
    must(line);
}

static void ask_about(const char *target, const void *address) {
    char command[64];
    snprintf(command, sizeof command, "superslab block %p", address);
    ask(target, command);
}

typedef struct expected {
    const void *address;
    const char *kind;
    const char *other; /* a part of a line, or NULL */
} expected;

static void agrees(const char *target, const expected *one) {
    superslab_inspection found;
    char line[128];
    superslab_inspect((uintptr_t)one->address, &found);
    ask_about(target, one->address);
    snprintf(line, sizeof line, "block: %#zx + %zu, %s", (size_t)found.block,
             (size_t)one->address - (size_t)found.block, one->kind);
    must_say(line);
    /* Of a hardened block the script knows what its class can hold, not what was asked for. */
    const bool headless = found.stride % (64 << 10) == 0 ||
                          (one->other != NULL && strcmp(one->other, "headless") == 0);
    if (CHECK_HARDENED && found.usable_size < found.stride)
        snprintf(line, sizeof line, "usable %zu", found.stride - !headless);
    else
        snprintf(line, sizeof line, "usable %zu", found.usable_size);
    must_say(line);
    if (one->other != NULL)
        must_say(one->other);
}

/* The slab of a block, with as many free blocks as the process finds there. */
static void slab_agrees(const char *target, const void *block) {
    superslab_inspection found, other;
    char command[64], line[128];
    unsigned free = 0;
    superslab_inspect((uintptr_t)block, &found);
    for (uintptr_t at = found.slab + 16; at <= found.slab + 65536 - found.stride;
         at += found.stride) {
        superslab_inspect(at, &other);
        free += other.kind == SUPERSLAB_ADDRESS_FREE;
    }
    CHECK_GT(free, 0);
    snprintf(command, sizeof command, "superslab slab %p", block);
    ask(target, command);
    snprintf(line, sizeof line, "slab: %#zx,", (size_t)found.slab);
    must_say(line);
    snprintf(line, sizeof line, "stride %zu,", found.stride);
    must_say(line);
    snprintf(line, sizeof line, "free: %u blocks by the bits", free);
    must_say(line);
    must_say("owned, owner 1");
}

int main(int argc, char **argv) {
    if (CHECK_HARDENED >= 2)
        check_skip("level 2: the figures count gaps apart");
    (void)argc;
    if (CHECK_SANITIZED || CHECK_EMULATED)
        check_skip("a core file of this build holds its shadow memory, or is the emulator's");
    if (shell("gdb -q -batch -nx -ex 'python print(1)' 2>&1") != 0 || strchr(text, '1') == NULL ||
        shell("command -v gcore strip") != 0)
        check_skip("there is no gdb with Python here, no gcore or no strip");
    /* Nothing goes back between two readings. */
    CHECK_EQ(setenv("SUPERSLAB_DECAY", "-1", 1), 0);
#ifdef __linux__
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* gdb is a child of this process */
#endif

    char *live = block_new(SIZE), *cached = block_new(SIZE), *aligned = block_new_aligned(64, SIZE);
    char *large = block_new(LARGE), *gone = block_new(LARGE), *behind = block_new(LARGE);
    superslab_free(cached);
    superslab_free(gone);
    superslab_inspection slab;
    superslab_inspect((uintptr_t)live, &slab);
    const char *free = (const char *)(slab.slab + 16 + slab.stride * (65536 / slab.stride - 1));

    char line[512], core[256], running[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(line, sizeof line, "strip -o %s/program %s && gcore -o %s/core %d 2>&1", folder,
             argv[0], folder, (int)getpid());
    if (shell(line) != 0)
        check_skip("gcore does not work here: %s", text);
    snprintf(core, sizeof core, "%s/program %s/core.%d", folder, folder, (int)getpid());
    snprintf(running, sizeof running, "-p %d", (int)getpid());

    const expected all[] = {
        {live, "live", "state: 0x"},      {live + 10, "live", "headed"},
        {cached, "cached", "of heap 1,"}, {free, "free", NULL},
        {aligned, "live", "headless"},    {large + 100000, "live, large", "granules"},
        {behind, "live, large", NULL},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        agrees(core, &all[i]);
    agrees(running, &all[2]);
    slab_agrees(core, live);
    ask_about(core, gone);
    must_say("run: free, granules ");
    must_say(", 4 dirty");
    ask(core, "superslab spaces");
    must_say("space 0: headed, 0x");
    ask(core, "superslab heaps");
    must_say("heap 1 at 0x");
    snprintf(line, sizeof line, "rm -r %s", folder);
    must(line);
}
