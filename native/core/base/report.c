#include "base/report.h"

#include "base/lock.h"
#include "base/sealed.h"
#include "base/signal.h"

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

/* Where an address lies, seen from a block: "one byte past a block of 24 bytes". */
static void put_place(ss_text *to, uintptr_t address, const ss_fault_detail *detail) {
    const char *const block = detail->freed ? " a freed block of " : " a block of ";
    const uintptr_t offset = address - detail->block;
    if (address < detail->block) {
        ss_text_put_count(to, detail->block - address);
        ss_text_put(to, " before");
    } else if (offset >= detail->size) {
        ss_text_put_count(to, offset - detail->size + 1);
        ss_text_put(to, " past");
    } else {
        ss_text_put(to, offset == 0 ? "the start of" : "inside");
    }
    ss_text_put(to, block);
    ss_text_put_number(to, detail->size);
    ss_text_put(to, detail->size == 1 ? " byte" : " bytes");
    if (address > detail->block && offset < detail->size) {
        ss_text_put(to, ", ");
        ss_text_put_count(to, offset);
        ss_text_put(to, " from its start");
    }
}

/* `superslab: double free: 0x7f…`; the lines are built without allocating. */
SS_COLD void ss_report_write(superslab_error error, const void *pointer,
                             const ss_fault_detail *detail) {
    ss_text to = {.length = 0};
    ss_text_put(&to, "superslab: ");
    ss_text_put(&to, superslab_error_name(error));
    ss_text_put(&to, ": ");
    ss_text_put_address(&to, (uintptr_t)pointer);
    if (detail != NULL) {
        ss_text_put(&to, ", ");
        put_place(&to, (uintptr_t)pointer, detail);
    }
    if (detail != NULL && detail->found != NULL) {
        ss_text_put(&to, ", found ");
        ss_text_put(&to, detail->found);
    }
    ss_text_end(&to);
    if (detail != NULL && detail->more != NULL)
        detail->more(&to, detail->context);
}

bool ss_report_is_handled(void) {
    /* Relaxed: nothing is read through it. */
    return atomic_load_explicit(&ss_sealed_now->error_handler, memory_order_relaxed) != NULL;
}

SS_COLD void ss_report_detail(superslab_error error, const void *pointer,
                              const ss_fault_detail *detail) {
    superslab_error_handler *handler =
        atomic_load_explicit(&ss_sealed_now->error_handler, memory_order_acquire);
    if (handler == NULL) {
        ss_report_write(error, pointer, detail);
        ss_os_abort();
    }
    handler(error, pointer,
            atomic_load_explicit(&ss_sealed_now->error_context, memory_order_relaxed));
}

SS_COLD void ss_report(superslab_error error, const void *pointer) {
    ss_report_detail(error, pointer, NULL);
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
