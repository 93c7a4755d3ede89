#include "base/report.h"

#include "base/lock.h"
#include "base/sealed.h"
#include "base/signal.h"

#include <string.h>

SUPERSLAB_EXPORT const char *superslab_error_name(superslab_error error) {
    switch (error) {
    case SUPERSLAB_OK:
        return "no error";
    case SUPERSLAB_ERROR_DOUBLE_FREE:
        return "double free";
    case SUPERSLAB_ERROR_INSIDE_BLOCK:
        return "pointer inside a block";
    case SUPERSLAB_ERROR_UNKNOWN_POINTER:
        return "unknown pointer";
    case SUPERSLAB_ERROR_CORRUPTED_HEADER:
        return "corrupted header";
    case SUPERSLAB_ERROR_WRONG_CLASS:
        return "header of another class";
    case SUPERSLAB_ERROR_SIZE_MISMATCH:
        return "size mismatch";
    case SUPERSLAB_ERROR_OVERFLOW:
        return "overflow";
    case SUPERSLAB_ERROR_UNDERFLOW:
        return "underflow";
    case SUPERSLAB_ERROR_USE_AFTER_FREE:
        return "use after free";
    case SUPERSLAB_ERROR_WRONG_FREE:
        return "freed by the wrong function";
    }
    return "unknown error";
}

SUPERSLAB_EXPORT void superslab_set_error_handler(superslab_error_handler *handler, void *context) {
    static const char refused[] =
        "superslab: the system does not let the error handler be changed: it stays as it was\n";
    if (!ss_sealed_open()) {
        ss_os_write_error(refused, sizeof refused - 1);
        return;
    }
    atomic_store_explicit(&ss_sealed_now->error_context, context, memory_order_relaxed);
    /* Release: pairs with the acquire in ss_report: a thread that sees the new handler does not see the old context. If
     * two threads set handlers at the same time, the caller must order them. */
    atomic_store_explicit(&ss_sealed_now->error_handler, handler, memory_order_release);
    ss_sealed_close();
}

static char *append(char *at, const char *text) {
    size_t length = strlen(text);
    memcpy(at, text, length);
    return at + length;
}

/* `superslab: double free of 0x7f…`; the line is built without allocating. */
static _Noreturn SS_COLD void report_and_abort(superslab_error error, const void *pointer) {
    char line[96], *at = append(line, "superslab: ");
    at = append(at, superslab_error_name(error));
    at = append(at, ": 0x");
    uintptr_t value = (uintptr_t)pointer;
    int shift = value == 0 ? 0 : (63 - __builtin_clzll(value)) / 4 * 4;
    for (; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[value >> shift & 15];
    *at++ = '\n';
    ss_os_write_error(line, (size_t)(at - line));
    ss_os_abort();
}

SS_COLD void ss_report(superslab_error error, const void *pointer) {
    superslab_error_handler *handler =
        atomic_load_explicit(&ss_sealed_now->error_handler, memory_order_acquire);
    if (handler == NULL)
        report_and_abort(error, pointer);
    handler(error, pointer,
            atomic_load_explicit(&ss_sealed_now->error_context, memory_order_relaxed));
}

SS_COLD void ss_report_all(const ss_faults *faults) {
    uint32_t count = faults->count < SS_FAULT_COUNT ? faults->count : SS_FAULT_COUNT;
    for (uint32_t i = 0; i < count; i++)
        ss_report(faults->fault[i].error, faults->fault[i].pointer);
}

static ss_lock late_lock;
ss_faults ss_deferred_faults;

void ss_report_defer(const ss_faults *faults) {
    if (faults->count == 0)
        return;
    ss_lock_take(&late_lock);
    for (uint32_t i = 0; i < faults->count && i < SS_FAULT_COUNT; i++)
        ss_fault_add(&ss_deferred_faults, faults->fault[i].error, faults->fault[i].pointer);
    ss_lock_release(&late_lock);
    /* Relaxed: a thread that sees the bit takes the lock after this thread has released it, and so finds the faults. */
    atomic_fetch_or_explicit(&ss_signals->attention, SS_ATTENTION_FAULTS, memory_order_relaxed);
}

void ss_report_deferred(void) {
    ss_lock_take(&late_lock);
    ss_faults faults = ss_deferred_faults;
    ss_deferred_faults.count = 0;
    ss_lock_release(&late_lock);
    ss_report_all(&faults);
}

void ss_report_inherit(void) {
    ss_lock_inherit(&late_lock);
}
