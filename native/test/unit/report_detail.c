/* The line of a report says where the address lies, seen from the block; further lines follow it. */
#include "base/report.h"

#include "check.h"
#include "child.h"

#include <signal.h>
#include <string.h>

#define BLOCK ((uintptr_t)0x10000)

typedef struct report {
    superslab_error error;
    uintptr_t address;
    ss_fault_detail detail;
    const char *text;
} report;

static void more(ss_text *to, const void *context) {
    ss_text_put(to, "  allocated by ");
    ss_text_put(to, context);
    ss_text_end(to);
}

static const report reports[] = {
    {SUPERSLAB_ERROR_OVERFLOW,
     BLOCK + 24,
     {.block = BLOCK, .size = 24},
     "superslab: overflow: 0x10018, one byte past a block of 24 bytes\n"},
    {SUPERSLAB_ERROR_OVERFLOW,
     BLOCK + 39,
     {.block = BLOCK, .size = 24, .found = "when it was freed"},
     "superslab: overflow: 0x10027, 16 bytes past a block of 24 bytes, found when it was freed\n"},
    {SUPERSLAB_ERROR_UNDERFLOW,
     BLOCK - 1,
     {.block = BLOCK, .size = 1},
     "superslab: underflow: 0xffff, one byte before a block of 1 byte\n"},
    {SUPERSLAB_ERROR_UNDERFLOW,
     BLOCK - 16,
     {.block = BLOCK, .size = 0},
     "superslab: underflow: 0xfff0, 16 bytes before a block of 0 bytes\n"},
    {SUPERSLAB_ERROR_USE_AFTER_FREE,
     BLOCK + 12,
     {.block = BLOCK, .size = 4096, .freed = true},
     "superslab: use after free: 0x1000c, inside a freed block of 4096 bytes, 12 bytes from its "
     "start\n"},
    {SUPERSLAB_ERROR_DOUBLE_FREE,
     BLOCK,
     {.block = BLOCK, .size = 64, .freed = true, .more = more, .context = "thread 7"},
     "superslab: double free: 0x10000, the start of a freed block of 64 bytes\n  allocated by "
     "thread 7\n"},
};

static void report_one(void *context) {
    const report *one = context;
    ss_report_detail(one->error, (void *)one->address, &one->detail);
}

static void report_without(void *context) {
    (void)context;
    ss_report_detail(SUPERSLAB_ERROR_UNKNOWN_POINTER, NULL, NULL);
}

static void note(superslab_error error, const void *pointer, void *context) {
    CHECK_EQ(error, SUPERSLAB_ERROR_OVERFLOW);
    *(const void **)context = pointer;
}

/* A line that does not fit the buffer is written in pieces. */
static void write_long(void *context) {
    (void)context;
    ss_text to = {.length = 0};
    for (unsigned i = 0; i < 100; i++)
        ss_text_put(&to, "0123456789");
    ss_text_end(&to);
}

int main(void) {
    for (unsigned i = 0; i < sizeof reports / sizeof *reports; i++) {
        const child_result result = child_run(report_one, (void *)&reports[i]);
        CHECK_THAT(result.signal == SIGABRT && strcmp(result.text, reports[i].text) == 0, "%s",
                   result.text);
    }
    const child_result result = child_run(report_without, NULL);
    CHECK_THAT(result.signal == SIGABRT &&
                   strcmp(result.text, "superslab: unknown pointer: 0x0\n") == 0,
               "%s", result.text);
    const void *noted = NULL;
    superslab_set_error_handler(note, &noted);
    report_one((void *)&reports[0]);
    CHECK_EQ(noted, (void *)reports[0].address);
    const child_result text = child_run(write_long, NULL);
    CHECK_EQ(strlen(text.text), 1001);
    for (unsigned i = 0; i < 1000; i++)
        CHECK_EQ(text.text[i], '0' + i % 10);
}
