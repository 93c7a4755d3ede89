#include "profile/codemap.h"

#include "os/os.h"
#include "os/profile.h"

#include <string.h>

/* Epochs of 64 bytes of addresses, to which engines align code, in a table that repeats itself each 8 MiB. */
#define EPOCH_SHIFT 6u
#define EPOCH_COUNT (1u << 17)
/* A call reads at most this much; the next one goes on. */
#define READ_MOST_BYTES ((uint64_t)256 << 10)

typedef enum field { FIELD_START, FIELD_SIZE, FIELD_NAME } field;

static SS_SPARSE uint8_t epochs[EPOCH_COUNT]; /* 0: not defined yet */
static char path[64];
static uint64_t done; /* bytes that were read */
static field at;      /* where in a line the reading stopped, and the numbers so far */
static uint64_t start, size;

static char *append_number(char *to, uint32_t number) {
    char digits[10];
    unsigned count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (count != 0)
        *to++ = digits[--count];
    return to;
}

void ss_codemap_begin(void) {
    static const char before[] = "/tmp/perf-", after[] = ".map";
    if (done != 0)
        memset(epochs, 0, sizeof epochs);
    memcpy(path, before, sizeof before);
    memcpy(append_number(path + sizeof before - 1, ss_os_process_id()), after, sizeof after);
    done = 0;
    at = FIELD_START;
    start = size = 0;
}

static void define(void) {
    enum { MOST = 4 << 20 };
    if (size == 0 || size > MOST)
        return;
    for (uint64_t unit = start >> EPOCH_SHIFT; unit <= (start + size - 1) >> EPOCH_SHIFT; unit++) {
        uint8_t *epoch = &epochs[unit % EPOCH_COUNT];
        *epoch = *epoch == UINT8_MAX ? 1 : (uint8_t)(*epoch + 1);
    }
}

static void character(char c) {
    const unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                           : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                           : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                  : 16;
    if (c == '\n') {
        at = FIELD_START;
        start = size = 0;
    } else if (at != FIELD_NAME && digit < 16) {
        *(at == FIELD_START ? &start : &size) = (at == FIELD_START ? start : size) << 4 | digit;
    } else if (at == FIELD_START && c == ' ') {
        at = FIELD_SIZE;
    } else if (at == FIELD_SIZE) {
        at = FIELD_NAME;
        define();
    }
}

uint64_t ss_codemap_read(void) {
    static char text[4096];
    const uint64_t bytes = ss_os_file_bytes(path), until = done + READ_MOST_BYTES;
    while (done < bytes && done < until) {
        const size_t got = ss_os_read_part(path, done, text, sizeof text);
        for (size_t i = 0; i < got; i++)
            character(text[i]);
        done += got;
        if (got == 0)
            break;
    }
    return bytes;
}

uint32_t ss_codemap_epoch(uintptr_t address) {
    return epochs[(address >> EPOCH_SHIFT) % EPOCH_COUNT];
}

const char *ss_codemap_path(void) {
    return ss_os_file_bytes(path) != 0 ? path : "";
}
