/* The recorder: an observer that writes each call into a file; the format is docs/recording.md's.
 *
 * Each heap has a stream: a mapped part of the file, into which only the heap's thread writes, without a lock. One counter,
 * which each call increments, gives the order between threads: a free increments it before another thread can get the
 * block, an allocation after it got the block. So in that order no block begins where another one is still live.
 *
 * A forked child notices that it is a copy by a word that the system clears, and begins a file of its own: the parts that
 * it still has mapped are its parent's, and are left alone.
 *
 * A signal's handler may interrupt the recorder and fork, and handlers of fork allocate. So no signal comes while a lock
 * is held here; what is recorded in the middle of a record of the same thread goes to another stream; and a child goes
 * on with the interrupted record in memory that takes the place of its parent's part. */
#include "record.h"

#include "preload.h"
#include "stream.h"

#include "base/meta.h"
#include "os/image.h"
#include "os/os.h"

#include <stdio.h>

/* The size of a thread's first part; parts double up to the second size. */
#define PART_FIRST_BYTES ((size_t)16 << 10)
#define PART_MOST_BYTES ((size_t)256 << 10)
#define NAMES_TRIED 100u

typedef enum recorder_state { RECORDER_OFF, RECORDER_ON, RECORDER_STOPPED } recorder_state;

/* Held by the thread that opens or extends the file, also during system calls. As without_heap_lock, it is held with all
 * signals blocked. */
static ss_lock lock;
static ss_lock without_heap_lock;
static _Atomic uint32_t recorder_now; /* a recorder_state */
static _Atomic uint64_t sequence_now;
static _Atomic uint32_t *original; /* 1; 0 in a copy of this process */
static uint32_t generation, threads;
static ss_os_log file;
static record_head *head;
/* Of threads without a heap, at their start and end, and of handlers that have interrupted a record. */
static record_stream without_heap;
static ss_os_signals without_heap_before; /* the mask of the thread that holds without_heap_lock */
static record_stream *_Atomic streams;    /* of heaps, for good */
static SS_SPARSE char wanted[4096], path[4096 + 32];

static SS_COLD void say(const char *what) {
    char text[sizeof path + 128];
    const int length = snprintf(text, sizeof text, "superslab: recording to %s %s\n", path, what);
    ss_os_write_error(text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}

static recorder_state state(void) {
    /* Relaxed: a thread that sees the stop late checks again under the lock. */
    return (recorder_state)atomic_load_explicit(&recorder_now, memory_order_relaxed);
}

static void state_set(recorder_state next) {
    atomic_store_explicit(&recorder_now, next, memory_order_relaxed);
}

/* ---- the file ---- */

/* The given name for the command itself, with the process's id for other processes, and with a number if the file
 * exists already, as after an exec. */
static ss_os_log_result create(bool is_command) {
    const unsigned id = ss_os_process_id();
    ss_os_log_result result = SS_OS_LOG_EXISTS;
    for (unsigned name = is_command ? 0 : 1; result == SS_OS_LOG_EXISTS && name < NAMES_TRIED;
         name++) {
        if (name == 0)
            snprintf(path, sizeof path, "%s", wanted);
        else if (name == 1)
            snprintf(path, sizeof path, "%s.%u", wanted, id);
        else
            snprintf(path, sizeof path, "%s.%u.%u", wanted, id, name);
        result = ss_os_log_create(path, &file);
    }
    return result;
}

static bool head_write(void) {
    const size_t page = ss_os_page_bytes();
    const size_t bytes = (sizeof *head + page - 1) & ~(page - 1);
    head = ss_os_log_extend(&file, path, bytes);
    if (head == NULL)
        return false;
    head->version = RECORD_VERSION;
    head->head_bytes = (uint32_t)bytes;
    head->page_bytes = (uint32_t)page;
    head->process = ss_os_process_id();
    head->started = ss_os_time_nanoseconds();
    head->command_bytes = (uint32_t)ss_os_command_line(head->command, sizeof head->command);
    memcpy(head->magic, RECORD_MAGIC, sizeof head->magic);
    return true;
}

/* With the lock held, or on the only thread. */
static bool file_begin(bool is_command) {
    threads = 0;
    generation++;
    const bool made = create(is_command) == SS_OS_LOG_MADE && head_write();
    if (!made)
        say("cannot begin: the system refuses to create the file");
    state_set(made ? RECORDER_ON : RECORDER_STOPPED);
    atomic_store_explicit(original, 1, memory_order_relaxed);
    return made;
}

/* In a copy of the process. Of the records that were being written, only that of its own thread goes on. */
static void parts_leave(void) {
    for (record_stream *stream = atomic_load_explicit(&streams, memory_order_relaxed);
         stream != NULL; stream = stream->next)
        if (stream->writer != ss_os_thread_token())
            stream->writer = 0;
        else if (stream->generation == generation && stream->part != NULL)
            ss_os_log_leave(stream->part, stream->part_bytes);
}

/* A handler of fork. A copy without one, which _Fork and clone make, leaves its parts when it next records. */
static void child_leave(void) {
    if (state() == RECORDER_ON && atomic_load_explicit(original, memory_order_relaxed) == 0)
        parts_leave();
}

/* The child has one thread; its locks may be held by threads that it does not have. */
static SS_COLD void copy_begin(void) {
    const bool goes_on = state() == RECORDER_ON;
    lock = without_heap_lock = (ss_lock){0};
    parts_leave();
    atomic_store_explicit(original, 1, memory_order_relaxed);
    if (goes_on)
        file_begin(false);
}

/* ---- streams ---- */

static bool stream_extend(record_stream *stream) {
    const size_t page = ss_os_page_bytes();
    size_t bytes = stream->part_bytes == 0 ? PART_FIRST_BYTES : stream->part_bytes * 2;
    bytes = bytes > PART_MOST_BYTES ? PART_MOST_BYTES : bytes < page ? page : bytes;
    void *before = stream->part;
    const size_t before_bytes = stream->part_bytes;
    ss_lock_take(&lock);
    void *part = state() == RECORDER_ON ? ss_os_log_extend(&file, path, bytes) : NULL;
    if (part != NULL) {
        record_part_begin(stream, part, bytes);
    } else if (state() == RECORDER_ON) {
        say("stopped: the disk or the limit on files is full");
        atomic_store_explicit(&head->stopped, 1, memory_order_relaxed);
        state_set(RECORDER_STOPPED);
    }
    ss_lock_release(&lock);
    if (part != NULL && before != NULL)
        ss_os_log_unmap(before, before_bytes);
    return part != NULL;
}

/* Begins a part whose first record may have the number. */
static SS_COLD bool stream_turn_back(record_stream *stream, uint64_t sequence) {
    ss_os_signals before;
    ss_os_signals_block(&before);
    stream->sequence = sequence - 1;
    const bool is_ready = stream_extend(stream);
    ss_os_signals_restore(&before);
    return is_ready;
}

/* The stream had another thread before, or none yet. */
static SS_COLD bool stream_begin(record_stream *stream) {
    if (stream->generation != generation) /* all its parts are the parent's */
        *stream = (record_stream){
            .generation = generation, .next = stream->next, .writer = stream->writer};
    if (stream == &without_heap && stream->part != NULL)
        return true;
    if (stream != &without_heap) {
        ss_lock_take(&lock);
        stream->thread = ++threads;
        ss_lock_release(&lock);
    }
    if (!record_has_room(stream))
        return stream_extend(stream); /* the part names its thread */
    record_thread_begins(stream, stream->thread);
    return true;
}

static bool stream_ready(record_stream *stream) {
    if (SS_UNLIKELY(stream->generation != generation || stream->thread == 0) &&
        !stream_begin(stream))
        return false;
    return SS_LIKELY(record_has_room(stream)) || stream_extend(stream);
}

/* Of the calling thread's heap; NULL if there is no memory for it. */
static record_stream *stream_own(void **word) {
    record_stream *stream = *word;
    if (SS_LIKELY(stream != NULL))
        return stream;
    stream = ss_meta_take(sizeof *stream);
    if (stream == NULL)
        return NULL;
    *stream = (record_stream){.part = NULL};
    ss_lock_take(&lock);
    stream->next = atomic_load_explicit(&streams, memory_order_relaxed);
    ss_lock_step();
    atomic_store_explicit(&streams, stream, memory_order_relaxed);
    ss_lock_release(&lock);
    *word = stream;
    return stream;
}

/* The caller has blocked all signals; `before` is the mask to return to. */
static record_stream *without_heap_enter(const ss_os_signals *before) {
    ss_lock_take(&without_heap_lock);
    if (SS_LIKELY(stream_ready(&without_heap))) {
        without_heap_before = *before;
        return &without_heap;
    }
    ss_lock_release(&without_heap_lock);
    return NULL;
}

static record_stream *stream_choose(void **word, const ss_os_signals *before) {
    if (SS_UNLIKELY(atomic_load_explicit(original, memory_order_relaxed) == 0))
        copy_begin();
    if (SS_UNLIKELY(state() != RECORDER_ON))
        return NULL;
    record_stream *stream = word != NULL ? stream_own(word) : NULL;
    if (stream == NULL || stream->writer != 0)
        return without_heap_enter(before);
    if (!stream_ready(stream))
        return NULL;
    stream->writer = ss_os_thread_token();
    return stream;
}

static SS_COLD record_stream *stream_enter_slow(void **word) {
    if (state() != RECORDER_ON)
        return NULL;
    ss_os_signals before;
    ss_os_signals_block(&before);
    record_stream *stream = stream_choose(word, &before);
    if (stream != &without_heap)
        ss_os_signals_restore(&before);
    return stream;
}

/* The calling thread's stream, with room for a record; NULL if the call is not recorded. The caller leaves it after. */
static record_stream *stream_enter(void **word) {
    record_stream *ready = word != NULL ? *word : NULL;
    if (SS_LIKELY(ready != NULL && ready->writer == 0)) {
        ready->writer = ss_os_thread_token();
        ss_lock_step(); /* a handler's records between here and the end of the record go elsewhere */
        if (SS_LIKELY(record_has_room(ready) && ready->thread != 0 &&
                      ready->generation == generation && state() == RECORDER_ON &&
                      atomic_load_explicit(original, memory_order_relaxed) != 0))
            return ready;
        ss_lock_step();
        ready->writer = 0;
    }
    return stream_enter_slow(word);
}

static void stream_leave(record_stream *stream) {
    ss_lock_step();
    if (SS_LIKELY(stream != &without_heap)) {
        stream->writer = 0;
        return;
    }
    const ss_os_signals before = without_heap_before;
    ss_lock_release(&without_heap_lock);
    ss_os_signals_restore(&before);
}

static uint64_t sequence_next(void) {
    /* Relaxed: when a block passes from one call to another, the passing orders the two calls, and the counter's order
     * agrees with that. */
    return atomic_fetch_add_explicit(&sequence_now, 1, memory_order_relaxed) + 1;
}

/* ---- the observer ---- */

static void allocated(void **word, ss_call call, const void *block, size_t size, size_t alignment) {
    record_stream *stream = stream_enter(word);
    if (stream == NULL)
        return;
    record_allocated(stream, sequence_next(), call, block, size, alignment);
    stream_leave(stream);
}

static void freeing(void **word, ss_call call, const void *block) {
    record_stream *stream = stream_enter(word);
    if (stream == NULL)
        return;
    record_freeing(stream, sequence_next(), call, block);
    stream_leave(stream);
}

static uint64_t resizing(void **word, const void *before) {
    (void)word, (void)before;
    return sequence_next();
}

static void resized(void **word, uint64_t ticket, const void *before, const void *after,
                    size_t size) {
    record_stream *stream = after != NULL ? stream_enter(word) : NULL;
    if (stream == NULL)
        return;
    /* A handler's records may have used the stream since the ticket was drawn. Only a new part may begin at an earlier
     * number. */
    if (SS_LIKELY(ticket > stream->sequence) || stream_turn_back(stream, ticket))
        record_resized(stream, ticket, sequence_next(), before, after, size);
    stream_leave(stream);
}

static void thread_ended(void **word) {
    record_stream *stream = stream_enter(word);
    if (stream == NULL)
        return;
    record_thread_ends(stream, sequence_next());
    if (stream != &without_heap)
        stream->thread = 0;
    stream_leave(stream);
}

static const ss_observer recorder = {allocated, freeing, resizing, resized, thread_ended};

/* ---- the beginning ---- */

void preload_record_begin(void) {
    const char *name = ss_os_environment("SUPERSLAB_RECORD");
    if (name == NULL || name[0] == '\0')
        return;
    ss_os_signals before;
    ss_os_signals_block(&before);
    ss_lock_take(&lock);
    if (wanted[0] == '\0') {
        snprintf(wanted, sizeof wanted, "%s", name);
        snprintf(path, sizeof path, "%s", name);
        original = ss_os_copy_word();
        if (original == NULL || strlen(name) >= sizeof wanted)
            say("cannot begin: this system has no word that forks share, or the path is too long");
        else if (file_begin(preload_is_command()) && !ss_observe(&recorder))
            say("cannot begin: the system refuses to change the sealed page");
    }
    ss_lock_release(&lock);
    ss_os_signals_restore(&before);
}

void preload_record_handle_fork(void) {
    if (state() == RECORDER_ON)
        ss_os_fork_init(NULL, NULL, child_leave);
}
