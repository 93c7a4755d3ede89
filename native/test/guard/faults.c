/* Each kind of fault at a guarded block ends the process with a report: what it was, how far from the block, and the calls
 * that made the access, freed the block and allocated it. */
#include "block.h"
#include "check.h"
#include "guard.h"

#include "superslab.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct scene {
    const char *name;
    size_t size;
    void (*act)(const struct scene *scene);
    const char *before; /* of the line, up to the address */
    const char *behind; /* the rest of it; %zu is the size */
    const char *last;   /* what the last call did */
    bool freed, aborts;
} scene;

/* Tells the address to the parent, as a line before the report. */
static void tell(const uint8_t *at) {
    char line[64];
    const int length = snprintf(line, sizeof line, "%p\n", (const void *)at);
    CHECK_EQ(write(STDERR_FILENO, line, (size_t)length), length);
}

static void write_past(const scene *self) {
    uint8_t *block = guard_new_right((self->size + 15) & ~(size_t)15);
    tell(block + ((self->size + 15) & ~(size_t)15));
    guard_write(block + ((self->size + 15) & ~(size_t)15));
}

static void read_past(const scene *self) {
    uint8_t *block = guard_new_right(self->size);
    tell(block + self->size + 15);
    guard_read(block + self->size + 15);
}

static void write_before(const scene *self) {
    uint8_t *block = guard_new_left(self->size);
    tell(block - 1);
    guard_write(block - 1);
}

static void read_before(const scene *self) {
    uint8_t *block = guard_new_left(self->size);
    tell(block - 16);
    guard_read(block - 16);
}

static void write_freed(const scene *self) {
    uint8_t *block = guard_new(self->size);
    superslab_free(block);
    tell(block);
    guard_write(block);
}

static void read_freed(const scene *self) {
    uint8_t *block = guard_new(self->size);
    superslab_free(block);
    tell(block + 12);
    guard_read(block + 12);
}

static void read_past_freed(const scene *self) {
    uint8_t *block = guard_new_right(self->size);
    superslab_free(block);
    tell(block + self->size);
    guard_read(block + self->size);
}

static void free_twice(const scene *self) {
    uint8_t *block = guard_new(self->size);
    superslab_free(block);
    tell(block);
    superslab_free(block);
}

static void free_inside(const scene *self) {
    uint8_t *block = guard_new(self->size);
    tell(block + 8);
    superslab_free(block + 8);
}

static void free_past(const scene *self) {
    uint8_t *block = guard_new_left(self->size);
    tell(block + self->size + 8);
    superslab_free(block + self->size + 8);
}

static void slack_behind(const scene *self) {
    uint8_t *block = guard_new(self->size);
    guard_write(block + self->size);
    tell(block + self->size);
    superslab_free(block);
}

static void slack_before(const scene *self) {
    uint8_t *block = guard_new_right(self->size);
    guard_write(block - 3);
    tell(block - 3);
    superslab_free(block);
}

static void resize_freed(const scene *self) {
    uint8_t *block = guard_new(self->size);
    superslab_free(block);
    tell(block);
    (void)!superslab_realloc(block, 2 * self->size);
}

static void size_of_freed(const scene *self) {
    uint8_t *block = guard_new(self->size);
    superslab_free(block);
    tell(block);
    superslab_usable_size(block);
}

static void sized_wrong(const scene *self) {
    uint8_t *block = guard_new(self->size);
    tell(block);
    superslab_free_sized(block, self->size - 1);
}

#define PASSED "passed to the allocator"
static const scene scenes[] = {
    {"write past", 64, write_past, "overflow", "one byte past a block of %zu bytes", "written",
     false, false},
    {"read past", 16, read_past, "overflow", "16 bytes past a block of %zu bytes", "read", false,
     false},
    {"read past a page", 4096, read_past, "overflow", "16 bytes past a block of %zu bytes", "read",
     false, false},
    {"write before", 24, write_before, "underflow", "one byte before a block of %zu bytes",
     "written", false, false},
    {"read before", 1000, read_before, "underflow", "16 bytes before a block of %zu bytes", "read",
     false, false},
    {"write freed", 1, write_freed, "use after free", "the start of a freed block of %zu byte",
     "written", true, false},
    {"read freed", 640, read_freed, "use after free",
     "inside a freed block of %zu bytes, 12 bytes from its start", "read", true, false},
    {"read past freed", 32, read_past_freed, "use after free",
     "one byte past a freed block of %zu bytes", "read", true, false},
    {"free twice", 24, free_twice, "double free", "the start of a freed block of %zu bytes", PASSED,
     true, true},
    {"free inside", 24, free_inside, "pointer inside a block",
     "inside a block of %zu bytes, 8 bytes from its start", PASSED, false, true},
    {"free past", 32, free_past, "unknown pointer", "9 bytes past a block of %zu bytes", PASSED,
     false, true},
    {"slack behind", 13, slack_behind, "overflow",
     "one byte past a block of %zu bytes, found when it was freed", "freed", false, true},
    {"slack before", 100, slack_before, "underflow",
     "3 bytes before a block of %zu bytes, found when it was freed", "freed", false, true},
    {"resize freed", 100, resize_freed, "double free", "the start of a freed block of %zu bytes",
     PASSED, true, true},
    {"size of freed", 100, size_of_freed, "double free", "the start of a freed block of %zu bytes",
     PASSED, true, true},
    {"sized wrong", 100, sized_wrong, "size mismatch", "the start of a block of %zu bytes", PASSED,
     false, true},
};

static void act(void *context) {
    const scene *one = context;
    guard_begin(100);
    one->act(one);
}

/* A stack has a frame where stacks are walked. */
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#define STACK ":\n(    #[0-9]+ [^\n]+\n)+"
#else
#define STACK "\n"
#endif

int main(void) {
    for (unsigned i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        const scene *one = &scenes[i];
        const child_result result = child_run(act, (void *)one);
        char address[32] = "", behind[128], line[256], pattern[512];
        CHECK_THAT(sscanf(result.text, "%31s", address) == 1, "%s: %s", one->name, result.text);
        snprintf(behind, sizeof behind, one->behind, one->size);
        snprintf(line, sizeof line, "%s\nsuperslab: %s: %s, %s\n", address, one->before, address,
                 behind);
        snprintf(
            pattern, sizeof pattern,
            "^  %s by thread [0-9]+%s%s  allocated [0-9]+\\.[0-9]{3} s before by thread [0-9]+%s%s",
            one->last, STACK,
            one->freed ? "  freed [0-9]+\\.[0-9]{3} s before by thread [0-9]+" STACK : "", STACK,
            CHECK_SANITIZED ? "" : "$");
        guard_check_report(result.text, line, pattern);
        if (one->aborts)
            CHECK_THAT(result.signal == SIGABRT, "%s: %s", one->name, result.text);
        else
            guard_check_fault_end(&result);
    }
}
