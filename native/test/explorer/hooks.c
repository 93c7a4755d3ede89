/* The functions that the compiler calls for each access to memory under -fsanitize=thread. Its own run-time is not
 * linked. */
#include "explorer.h"
#include "memory.h"
#include "schedule.h"
#include "undo.h"

#define PLACE __builtin_return_address(0)

/* Only compiled code calls it, without a declaration, but a warning asks for one. */
#define HOOK(result, name, ...)                                                                    \
    result name(__VA_ARGS__);                                                                      \
    result name(__VA_ARGS__)

/* ---- plain accesses ---- */

#define PLAIN(size)                                                                                \
    HOOK(void, __tsan_read##size, void *address) { memory_plain(address, size, false, PLACE); }    \
    HOOK(void, __tsan_write##size, void *address) { memory_plain(address, size, true, PLACE); }    \
    HOOK(void, __tsan_unaligned_read##size, void *address) {                                       \
        memory_plain(address, size, false, PLACE);                                                 \
    }                                                                                              \
    HOOK(void, __tsan_unaligned_write##size, void *address) {                                      \
        memory_plain(address, size, true, PLACE);                                                  \
    }

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

/* The contents of a large block are as good as one access in each of its cache lines and at its end: each access is a
 * place where another thread may come between. */
enum { RANGE_STEP_BYTES = 4, RANGE_LONG_BYTES = 4096, RANGE_LONG_STEP_BYTES = 64 };

static void range(char *start, size_t bytes, bool writes, const void *place) {
    const size_t step = bytes < RANGE_LONG_BYTES ? RANGE_STEP_BYTES : RANGE_LONG_STEP_BYTES;
    if (writes)
        undo_note(start, bytes);
    for (size_t at = 0; at < bytes; at += step) {
        const size_t rest = bytes - at;
        memory_plain(start + at, rest < RANGE_STEP_BYTES ? rest : RANGE_STEP_BYTES, writes, place);
    }
    if (step != RANGE_STEP_BYTES)
        memory_plain(start + bytes - RANGE_STEP_BYTES, RANGE_STEP_BYTES, writes, place);
}

HOOK(void, __tsan_read_range, void *start, size_t bytes) {
    range(start, bytes, false, PLACE);
}

HOOK(void, __tsan_write_range, void *start, size_t bytes) {
    range(start, bytes, true, PLACE);
}

/* The core's memset and memcpy are compiled to these: the library's own would not be seen. */
HOOK(void *, explorer_memset, void *to, int byte, size_t bytes) {
    range(to, bytes, true, PLACE);
    return __builtin_memset(to, byte, bytes);
}

HOOK(void *, explorer_memcpy, void *to, const void *from, size_t bytes) {
    range((void *)(uintptr_t)from, bytes, false, PLACE);
    range(to, bytes, true, PLACE);
    return __builtin_memcpy(to, from, bytes);
}

HOOK(void, __tsan_func_entry, void *caller) {
    (void)caller;
}

HOOK(void, __tsan_func_exit, void) {}

HOOK(void, __tsan_init, void) {}

/* ---- atomic accesses ---- */

#define ATOMIC(bits)                                                                               \
    HOOK(uint##bits##_t, __tsan_atomic##bits##_load, volatile uint##bits##_t *address,             \
         int order) {                                                                              \
        return (uint##bits##_t)memory_load((void *)(uintptr_t)address, bits / 8, order, PLACE);    \
    }                                                                                              \
    HOOK(void, __tsan_atomic##bits##_store, volatile uint##bits##_t *address,                      \
         uint##bits##_t value, int order) {                                                        \
        memory_store((void *)(uintptr_t)address, bits / 8, value, order, PLACE);                   \
    }                                                                                              \
    CHANGE(bits, exchange, MEMORY_EXCHANGE)                                                        \
    CHANGE(bits, fetch_add, MEMORY_ADD)                                                            \
    CHANGE(bits, fetch_sub, MEMORY_SUB)                                                            \
    CHANGE(bits, fetch_and, MEMORY_AND)                                                            \
    CHANGE(bits, fetch_or, MEMORY_OR)                                                              \
    CHANGE(bits, fetch_xor, MEMORY_XOR)                                                            \
    COMPARE_EXCHANGE(bits, weak, false)                                                            \
    COMPARE_EXCHANGE(bits, strong, true)

#define CHANGE(bits, name, change)                                                                 \
    HOOK(uint##bits##_t, __tsan_atomic##bits##_##name, volatile uint##bits##_t *address,           \
         uint##bits##_t operand, int order) {                                                      \
        return (uint##bits##_t)memory_change_by((void *)(uintptr_t)address, bits / 8, change,      \
                                                operand, order, PLACE);                            \
    }

#define COMPARE_EXCHANGE(bits, strength, once)                                                     \
    HOOK(int, __tsan_atomic##bits##_compare_exchange_##strength, volatile uint##bits##_t *address, \
         uint##bits##_t *expected, uint##bits##_t desired, int order, int failure) {               \
        uint64_t read = *expected;                                                                 \
        const bool done = memory_compare_exchange((void *)(uintptr_t)address, bits / 8, &read,     \
                                                  desired, order, failure, once, PLACE);           \
        *expected = (uint##bits##_t)read;                                                          \
        return done;                                                                               \
    }

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

HOOK(void, __tsan_atomic_thread_fence, int order) {
    if (explorer_is_exploring())
        memory_fence(order, PLACE);
}

HOOK(void, __tsan_atomic_signal_fence, int order) {
    (void)order;
}
