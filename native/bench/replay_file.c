#include "replay_file.h"

#include "block.h"
#include "platform.h"

#include <fcntl.h>
#include <unistd.h>

#define REPLAY_ERROR_FILE "the file was not made by superslab bench replay"
enum {
    REPLAY_ALIGNMENT_MOST = 30,
    REPLAY_SLOTS_MOST = 1 << 28, /* the largest number that an operation can name */
    REPLAY_THREADS_MOST = 1 << 20
};

static const char *read_all(int descriptor, uint8_t *bytes, size_t length) {
    for (size_t at = 0; at < length;) {
        const ssize_t got = read(descriptor, bytes + at, length - at);
        if (got <= 0)
            return REPLAY_ERROR_FILE;
        at += (size_t)got;
    }
    return NULL;
}

static bool operation_fits(const replay_file *file, uint32_t thread,
                           const replay_operation *operation) {
    const uint32_t slot = operation->word >> REPLAY_SLOT_SHIFT;
    switch ((replay_what)(operation->word & REPLAY_WHAT)) {
    case REPLAY_WAIT:
        return slot < file->head->threads && slot != thread &&
               operation->operand <= file->threads[slot].count;
    case REPLAY_EPOCH:
        return operation->operand < file->head->epochs;
    case REPLAY_ALIGNMENT:
        return operation->operand <= REPLAY_ALIGNMENT_MOST && slot < file->head->slots;
    default:
        return slot < file->head->slots;
    }
}

/* An alignment comes before the allocation that it is for. */
static bool operations_fit(const replay_file *file) {
    const replay_operation *operation = file->operations;
    for (uint32_t thread = 0; thread < file->head->threads; thread++) {
        const replay_thread_head *head = &file->threads[thread];
        bool aligned = false;
        if (file->head->epochs != 0 && head->first_epoch >= file->head->epochs)
            return false;
        for (uint32_t i = 0; i < head->count; i++, operation++) {
            const unsigned what = operation->word & REPLAY_WHAT;
            if (!operation_fits(file, thread, operation) || aligned != (what == REPLAY_ALIGNED))
                return false;
            aligned = what == REPLAY_ALIGNMENT;
        }
        if (aligned)
            return false;
    }
    return true;
}

/* The tables in the file; false if the file is too short for them. */
static bool lay_out(replay_file *file) {
    const replay_head *head = file->head;
    if (file->bytes < sizeof *head || head->magic != REPLAY_MAGIC ||
        head->version != REPLAY_VERSION || head->threads < 1 ||
        head->threads > REPLAY_THREADS_MOST || (head->threads > 1) != (head->epochs > 0) ||
        head->slots > REPLAY_SLOTS_MOST)
        return false;
    uint64_t bytes = sizeof *head + (uint64_t)head->threads * sizeof *file->threads +
                     (uint64_t)head->epochs * sizeof *file->epochs;
    if (bytes > file->bytes)
        return false;
    file->threads = (const replay_thread_head *)(const void *)(head + 1);
    file->epochs = (const uint32_t *)(const void *)(file->threads + head->threads);
    file->operations = (const replay_operation *)(const void *)(file->epochs + head->epochs);
    for (uint32_t i = 0; i < head->threads; i++)
        bytes += (uint64_t)file->threads[i].count * sizeof *file->operations;
    return bytes == file->bytes;
}

const char *replay_file_open(const char *path, replay_file *file) {
    *file = (replay_file){.head = NULL};
    const int descriptor = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (descriptor < 0)
        return path == NULL ? "this workload needs --file" : "the file cannot be opened";
    const off_t length =
        lseek(descriptor, 0, SEEK_END); /* fstat is a new function of the C library */
    const char *error = REPLAY_ERROR_FILE;
    uint8_t *bytes = NULL;
    if (length > 0 && lseek(descriptor, 0, SEEK_SET) == 0) {
        file->bytes = (size_t)length;
        bytes = bench_pages_take(file->bytes);
        error = bytes == NULL ? BENCH_ERROR_BOOKKEEPING : read_all(descriptor, bytes, file->bytes);
    }
    close(descriptor);
    file->head = (const replay_head *)(const void *)bytes;
    if (error == NULL && (!lay_out(file) || !operations_fit(file)))
        error = REPLAY_ERROR_FILE;
    if (error != NULL)
        replay_file_close(file);
    return error;
}

void replay_file_close(replay_file *file) {
    bench_pages_give((void *)(uintptr_t)file->head, file->bytes);
    file->head = NULL;
}
