#include "guard.h"

#include "check.h"
#include "stats.h"
#include "superslab.h"

#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void guard_begin(unsigned rate) {
    char text[16];
    snprintf(text, sizeof text, "%u", rate);
    setenv("SUPERSLAB_GUARD", text, 1);
}

static size_t page_bytes(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* A guarded block alone has neither a slab nor a span around it. */
bool guard_has(const void *block) {
    superslab_inspection found;
    superslab_inspect((uintptr_t)block, &found);
    /* A block of no bytes has no slab and no stride. */
    return found.kind == SUPERSLAB_ADDRESS_LIVE && found.slab == 0 && found.stride != 0;
}

static void *new_where(size_t alignment, size_t size, bool (*is_wanted)(const uint8_t *, size_t)) {
    for (;;) {
        uint8_t *block =
            alignment == 0 ? superslab_malloc(size) : superslab_aligned_alloc(alignment, size);
        CHECK(block != NULL);
        if (guard_has(block) && is_wanted(block, size))
            return block;
        superslab_free(block);
    }
}

static bool any(const uint8_t *block, size_t size) {
    return block != NULL && size != 0;
}

static bool is_left(const uint8_t *block, size_t size) {
    return (uintptr_t)block % page_bytes() == 0 && size != 0;
}

static bool is_right(const uint8_t *block, size_t size) {
    return ((uintptr_t)block + ((size + 15) & ~(size_t)15)) % page_bytes() == 0;
}

void *guard_new(size_t size) {
    return new_where(0, size, any);
}

void *guard_new_aligned(size_t alignment, size_t size) {
    return new_where(alignment, size, any);
}

uint8_t *guard_new_left(size_t size) {
    return new_where(0, size, is_left);
}

uint8_t *guard_new_right(size_t size) {
    return new_where(0, size, is_right);
}

uint64_t guard_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void guard_check_without_scavenger(const char *decay) {
    enum { RATE = 100, GUARDED = 20, BLOCKS = 600 /* more than a bin holds */ };
    const uint64_t begin = guard_clock();
    guard_begin(RATE);
    setenv("SUPERSLAB_DECAY", decay, 1);
    for (unsigned round = 0; round < GUARDED; round++) {
        void *blocks[BLOCKS];
        bool found = false;
        while (!found) {
            for (unsigned i = 0; i < BLOCKS; i++) {
                blocks[i] = superslab_malloc(64);
                memset(blocks[i], 1, 64);
                found |= guard_has(blocks[i]);
            }
            for (unsigned i = 0; i < BLOCKS; i++)
                superslab_free(blocks[i]);
        }
    }
    CHECK_GE(stats_now().guard_samples, GUARDED);
    CHECK_LE(stats_now().guard_samples, 1 + (guard_clock() - begin) * RATE / 1000000000);
    CHECK_EQ(stats_now().guarded_blocks, 0);
}

void guard_check_report(const char *text, const char *line, const char *pattern) {
    regex_t compiled;
    const size_t length = strlen(line);
    CHECK_THAT(strncmp(text, line, length) == 0, "not %s but %s", line, text);
    CHECK_EQ(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB), 0);
    CHECK_THAT(regexec(&compiled, text + length, 0, NULL, 0) == 0, "not %s but %s", pattern, text);
    regfree(&compiled);
}

void guard_check_fault_end(const child_result *result) {
    if (CHECK_SANITIZED)
        CHECK_THAT(result->signal != 0 || result->code != 0, "%s", result->text);
    else
        CHECK_THAT(result->signal == SIGSEGV || result->signal == SIGBUS, "%d %d %s",
                   result->signal, result->code, result->text);
}

__attribute__((noinline, noclone)) void guard_write(uint8_t *at) {
    *(volatile uint8_t *)at = 1;
}

__attribute__((noinline, noclone)) uint8_t guard_read(const uint8_t *at) {
    return *(const volatile uint8_t *)at;
}
