#include "block.h"

#include "check.h"
#include "superslab.h"

#include <errno.h>
#include <string.h>

static void *checked(void *block, size_t alignment, size_t size, int expected_errno) {
    if (block == NULL) {
        CHECK_EQ(errno, expected_errno);
        return NULL;
    }
    CHECK_EQ((uintptr_t)block % BLOCK_ALIGNMENT, 0);
    CHECK_EQ((uintptr_t)block % alignment, 0);
    CHECK_GE(superslab_usable_size(block), size);
    return block;
}

void *block_try(size_t size) {
    errno = 0;
    return checked(superslab_malloc(size), 1, size, ENOMEM);
}

void *block_try_zeroed(size_t count, size_t size) {
    errno = 0;
    return checked(superslab_calloc(count, size), 1, count * size, ENOMEM);
}

void *block_try_aligned(size_t alignment, size_t size, int expected_errno) {
    errno = 0;
    void *block = superslab_aligned_alloc(alignment, size);
    return checked(block, alignment > 0 ? alignment : 1, size, expected_errno);
}

void *block_try_resize(void *block, size_t size) {
    errno = 0;
    return checked(superslab_realloc(block, size), 1, size, ENOMEM);
}

void *block_new(size_t size) {
    void *block = block_try(size);
    CHECK_THAT(block != NULL, "size %zu", size);
    return block;
}

void *block_new_zeroed(size_t count, size_t size) {
    void *block = block_try_zeroed(count, size);
    CHECK_THAT(block != NULL, "%zu of size %zu", count, size);
    return block;
}

void *block_new_aligned(size_t alignment, size_t size) {
    void *block = block_try_aligned(alignment, size, ENOMEM);
    CHECK_THAT(block != NULL, "alignment %zu, size %zu", alignment, size);
    return block;
}

void *block_resize(void *block, size_t size) {
    void *resized = block_try_resize(block, size);
    CHECK_THAT(resized != NULL, "size %zu", size);
    return resized;
}

size_t block_stride(const void *block) {
    superslab_inspection inspection;
    superslab_inspect((uintptr_t)block, &inspection);
    CHECK_EQ(inspection.kind, SUPERSLAB_ADDRESS_LIVE);
    return inspection.stride;
}

void blocks_leave_headers(size_t size, size_t before, void **blocks, size_t count) {
    unsigned char *block = block_new(size);
    const int header = block[-1];
    superslab_free(block);
    superslab_trim();
    for (size_t i = 0; i < count; i++) {
        blocks[i] = block_new(before);
        memset(blocks[i], header, superslab_usable_size(blocks[i]));
    }
    for (size_t i = 0; i < count; i++)
        superslab_free(blocks[i]);
}
