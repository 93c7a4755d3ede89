/* The profile as text. The format is in docs/profile-format.md. */
#include "base/process.h"
#include "os/profile.h"
#include "profile/codemap.h"
#include "profile/profile.h"
#include "profile/samples.h"
#include "profile/stacks.h"
#include "profile/state.h"

#include <string.h>

typedef struct output {
    int descriptor;
    bool bad;
    size_t held;
    char text[1024]; /* small: a handler may run on a small stack */
} output;

static void flush(output *to) {
    if (to->held != 0 && !ss_os_write_all(to->descriptor, to->text, to->held))
        to->bad = true;
    to->held = 0;
}

static void put(output *to, const char *text) {
    const size_t bytes = strlen(text);
    if (bytes > sizeof to->text - to->held)
        flush(to);
    if (bytes > sizeof to->text) {
        to->bad |= !ss_os_write_all(to->descriptor, text, bytes);
        return;
    }
    memcpy(to->text + to->held, text, bytes);
    to->held += bytes;
}

static void put_number(output *to, const char *before, uint64_t number, unsigned base) {
    char digits[24];
    unsigned at = sizeof digits - 1;
    digits[at] = '\0';
    do
        digits[--at] = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    put(to, before);
    put(to, digits + at);
}

/* A number of thousandths. */
static void put_objects(output *to, uint64_t objects) {
    const char part[] = {'.', (char)('0' + objects / 100 % 10), (char)('0' + objects / 10 % 10),
                         (char)('0' + objects % 10), '\0'};
    put_number(to, " ", objects / 1000, 10);
    if (objects % 1000 != 0)
        put(to, part);
}

static void put_line(output *to, const char *name, const char *value) {
    put(to, name);
    put(to, " ");
    put(to, value);
    put(to, "\n");
}

/* One stack at a time under the lock, so that no thread waits for the file. False if the lock cannot be taken. */
static bool put_stack(output *to, uint32_t stack) {
    uintptr_t frames[SS_STACK_FRAMES];
    if (!ss_profile_lock())
        return false;
    const ss_stack_record one = *ss_stack_at(stack);
    const uint32_t count = ss_stack_frames(stack, frames);
    ss_profile_unlock();
    put_number(to, "stack ", stack + 1, 10);
    put_number(to, " ", one.label, 10);
    put_objects(to, one.counts.used_objects);
    put_number(to, " ", one.counts.used_bytes, 10);
    put_objects(to, one.counts.objects);
    put_number(to, " ", one.counts.bytes, 10);
    put_number(to, " ", one.first, 10);
    put_number(to, " ", one.last, 10);
    put(to, " :");
    for (uint32_t i = 0; i < count; i++)
        put_number(to, " ", frames[i], 16);
    put(to, "\n");
    return true;
}

static bool put_mapping(const ss_os_mapping *mapping, void *context) {
    if (mapping->executable)
        put_line(context, "map", mapping->line);
    return false;
}

superslab_profile_error ss_profile_write(int descriptor) {
    output to = {.descriptor = descriptor};
    char path[1024];
    if (ss_profile->started == 0)
        return SUPERSLAB_PROFILE_NOT_RUNNING;
    if (!ss_profile_lock())
        return SUPERSLAB_PROFILE_BUSY;
    const uint64_t started = ss_profile->started, taken = ss_profile->taken;
    const uint32_t stacks = ss_stacks_count(), labels = ss_labels_count();
    ss_profile_unlock();
    put(&to, "superslab profile 1\n");
    put_number(&to, "process ", ss_os_process_id(), 10);
    ss_os_program_path(path, sizeof path);
    put_line(&to, "\nprogram", path);
    put_number(&to, "start ", started, 10);
    put_number(&to, "\ntime ", ss_os_time_nanoseconds(), 10);
    put_number(&to, "\ninterval ", ss_profile_mean(), 10);
    put_number(&to, "\nstacks ", stacks, 10);
    put_number(&to, " ", SS_STACKS_MOST, 10);
    put_number(&to, "\nsamples ", taken, 10);
    put_number(&to, " ", atomic_load_explicit(&ss_profile->lost, memory_order_relaxed), 10);
    put(&to, "\n");
    if (ss_codemap_path()[0] != '\0')
        put_line(&to, "perfmap", ss_codemap_path());
    for (uint32_t label = 1; label <= labels; label++) {
        put_number(&to, "label ", label, 10);
        put_line(&to, "", ss_label_text(label));
    }
    for (uint32_t stack = 0; stack < stacks; stack++)
        if (!put_stack(&to, stack))
            return SUPERSLAB_PROFILE_BUSY;
    ss_os_each_mapping(put_mapping, &to);
    put(&to, "end\n");
    flush(&to);
    return to.bad ? SUPERSLAB_PROFILE_NOT_WRITTEN : SUPERSLAB_PROFILE_OK;
}
