/* The recorder: an observer that writes each call into a file; the format is docs/recording.md's.
 *
 * Each heap has a stream: a mapped part of the file, into which only the heap's thread writes, without a lock. What the
 * thread's bins serve it writes itself, on its tape (heap/tape.h), which lies in the stream's part.
 *
 * One counter gives the order between threads. A call that is told to the recorder draws a number of its own: a free
 * before another thread can get the block, an allocation after it got the block. For a tape some numbers are drawn at
 * once. In the order of the numbers no block begins where another one is still live.
 *
 * A forked child notices that it is a copy by memory that the system clears, and begins a file of its own: the parts that
 * it still has mapped are its parent's, and are left alone.
 *
 * A signal's handler may interrupt the recorder and fork, and handlers of fork allocate. So no signal comes while a lock
 * is held here; what is recorded in the middle of a record of the same thread goes to another stream; and a child goes
 * on with the interrupted record in memory that takes the place of its parent's part. */
#include "record.h"

#include "preload.h"
#include "stream.h"

#include "base/meta.h"
#include "heap/tape.h"
#include "os/image.h"
#include "os/os.h"
#include "space/registry.h"

#include <stdio.h>

/* The size of a stream's first part, and of the two parts of its window. */
#define PART_FIRST_BYTES ((size_t)16 << 10)
#define PART_BYTES ((size_t)32 << 10)
/* The entries of a tape that is opened begin within these bytes, and have these numbers. */
#define TAPE_BYTES 256u
#define TAPE_NUMBERS 64u
_Static_assert(TAPE_BYTES <= TAPE_NUMBERS * SS_TAPE_ENTRY_MIN, "each entry has a number");
#define NAMES_TRIED 100u

typedef enum recorder_state { RECORDER_OFF, RECORDER_ON, RECORDER_STOPPED } recorder_state;

/* Held by the thread that opens or extends the file, also during system calls. As without_heap_lock, it is held with all
 * signals blocked. */
static ss_lock lock;
static ss_lock without_heap_lock;
static _Atomic uint32_t recorder_now; /* a recorder_state */
static _Atomic uint64_t sequence_now;
static _Atomic uint32_t *original; /* 1; 0 in a copy of this process */
static uint32_t generation, threads, windows, tapes;
static _Atomic uint8_t *tags; /* for ss_tapes_share; NULL: no tape is opened */
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
    threads = windows = 0;
    generation++;
    const bool made = create(is_command) == SS_OS_LOG_MADE && head_write();
    if (!made)
        say("cannot begin: the system refuses to create the file");
    state_set(made ? RECORDER_ON : RECORDER_STOPPED);
    atomic_store_explicit(original, 1, memory_order_relaxed);
    return made;
}

/* In a copy of the process. Of the records that were being written, only that of its own thread goes on; it may be an
 * entry of the tape. */
static void parts_leave(void) {
    for (record_stream *stream = atomic_load_explicit(&streams, memory_order_relaxed);
         stream != NULL; stream = stream->next) {
        if (stream->writer != ss_os_thread_token())
            stream->writer = 0;
        if (stream->owner == ss_os_thread_token() && stream->generation == generation &&
            stream->part != NULL)
            ss_os_log_leave(stream->part, stream->part_bytes);
        stream->owner = 0;
    }
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

/* The first part, then the window, then the window's parts in turn. With the lock held. */
static bool stream_extend_locked(record_stream *stream) {
    const size_t page = ss_os_page_bytes();
    const size_t part_bytes = PART_BYTES > page ? PART_BYTES : page;
    if (stream->window != NULL) {
        if (!ss_os_log_append(&file, path, stream->part, stream->part_bytes))
            return false;
        record_window_turn(stream);
        return true;
    }
    void *before = stream->part;
    const size_t before_bytes = stream->part_bytes;
    const size_t bytes = before != NULL            ? page + 2 * part_bytes
                         : PART_FIRST_BYTES > page ? PART_FIRST_BYTES
                                                   : page;
    void *memory = ss_os_log_extend(&file, path, bytes);
    if (memory == NULL)
        return false;
    if (before == NULL) {
        record_part_begin(stream, memory, bytes);
        return true;
    }
    stream->number = ++windows;
    record_window_begin(stream, memory, page, part_bytes);
    ss_os_log_unmap(before, before_bytes);
    return true;
}

static bool stream_extend(record_stream *stream) {
    ss_lock_take(&lock);
    const bool extended = state() == RECORDER_ON && stream_extend_locked(stream);
    if (!extended && state() == RECORDER_ON) {
        say("stopped: the disk or the limit on files is full");
        atomic_store_explicit(&head->stopped, 1, memory_order_relaxed);
        state_set(RECORDER_STOPPED);
    }
    ss_lock_release(&lock);
    return extended;
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
        *stream = (record_stream){.generation = generation,
                                  .next = stream->next,
                                  .writer = stream->writer,
                                  .tag = stream->tag};
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

/* Closes the thread's tape, which it may have opened, and continues where the tape ends. Not in a copy of the process. */
static inline void tape_take_back(record_stream *stream) {
    uint8_t *at = stream->tag != 0 ? ss_tape_close(ss_tape_of(stream->tag)) : NULL;
    if (at != NULL)
        stream->at = at;
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
    if (stream->next != NULL)
        ss_tapes_share(tags);
    if (tags != NULL && tapes + 1 < SS_TAPE_COUNT)
        stream->tag = ++tapes;
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
    tape_take_back(stream);
    if (!stream_ready(stream))
        return NULL;
    stream->writer = stream->owner = ss_os_thread_token();
    return stream;
}

static SS_COLD record_stream *stream_enter_slow(void **word) {
    if (state() != RECORDER_ON) {
        if (word != NULL && *word != NULL) /* no entry may follow a call that is missing */
            tape_take_back(*word);
        return NULL;
    }
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
        ready->writer = ready->owner = ss_os_thread_token();
        ss_lock_step(); /* a handler's records between here and the end of the record go elsewhere */
        if (SS_LIKELY(ready->thread != 0 && ready->generation == generation &&
                      state() == RECORDER_ON &&
                      atomic_load_explicit(original, memory_order_relaxed) != 0)) {
            tape_take_back(ready);
            if (SS_LIKELY(record_has_room(ready)))
                return ready;
        }
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

/* The counter before `numbers` were drawn for the stream. */
static uint64_t sequence_draw(const record_stream *stream, uint64_t numbers) {
    /* Relaxed: when a block passes from one call to another, the passing orders the two calls, and the counter's order
     * agrees with that. */
    const uint64_t before = atomic_fetch_add_explicit(&sequence_now, numbers, memory_order_relaxed);
    if (stream != NULL && stream->tag != 0)
        ss_tape_drew(ss_tape_of(stream->tag), before + numbers);
    return before;
}

static uint64_t sequence_next(const record_stream *stream) {
    return sequence_draw(stream, 1) + 1;
}

/* The calling thread gets the block. */
static void block_begins(const record_stream *stream, const void *block) {
    if (SS_UNLIKELY(stream == &without_heap) &&
        atomic_load_explicit(&streams, memory_order_relaxed) != NULL)
        ss_tapes_share(tags); /* the block has no tape's number */
    const uintptr_t base = atomic_load_explicit(&ss_headed_base, memory_order_relaxed);
    ss_tape_tag((uintptr_t)block - base, stream->tag);
}

/* ---- the observer ---- */

static void allocated(void **word, ss_call call, const void *block, size_t size, size_t alignment) {
    record_stream *stream = stream_enter(word);
    if (stream == NULL)
        return;
    if (block != NULL) {
        record_allocated(stream, sequence_next(stream), call, block, size, alignment);
        block_begins(stream, block);
    }
    stream_leave(stream);
}

static void freeing(void **word, ss_call call, const void *block) {
    record_stream *stream = stream_enter(word);
    if (stream == NULL)
        return;
    record_freeing(stream, sequence_next(stream), call, block);
    stream_leave(stream);
}

static uint64_t resizing(void **word, const void *before) {
    (void)before;
    record_stream *stream = stream_enter(word); /* closes the tape */
    const uint64_t ticket = sequence_next(stream);
    if (stream != NULL)
        stream_leave(stream);
    return ticket;
}

static void resized(void **word, uint64_t ticket, const void *before, const void *after,
                    size_t size) {
    record_stream *stream = after != NULL ? stream_enter(word) : NULL;
    if (stream == NULL)
        return;
    /* A handler's records may have used the stream since the ticket was drawn. Only a new part may begin at an earlier
     * number. */
    if (SS_LIKELY(ticket > stream->sequence) || stream_turn_back(stream, ticket)) {
        record_resized(stream, ticket, sequence_next(stream), before, after, size);
        block_begins(stream, after);
    }
    stream_leave(stream);
}

static ss_tape *tape_open(void **word) {
    record_stream *stream = stream_enter(word);
    if (stream == NULL)
        return NULL;
    ss_tape *tape = NULL;
    if (stream->tag != 0 &&
        stream->base == atomic_load_explicit(&ss_headed_base, memory_order_relaxed)) {
        const uint64_t drawn = sequence_draw(stream, TAPE_NUMBERS);
        record_numbers(stream, drawn);
        const size_t room = stream->end > stream->at ? (size_t)(stream->end - stream->at) : 0;
        tape = ss_tape_of(stream->tag);
        ss_tape_open(tape, stream->tag, stream->at,
                     stream->at + (room < TAPE_BYTES ? room : TAPE_BYTES), drawn);
        if (SS_UNLIKELY(stream->generation != generation) ||
            SS_UNLIKELY(atomic_load_explicit(original, memory_order_relaxed) == 0))
            ss_tape_close(tape); /* a handler has made this process a copy meanwhile */
    }
    stream_leave(stream);
    return tape;
}

static void thread_ended(void **word) {
    record_stream *stream = stream_enter(word);
    if (stream == NULL)
        return;
    record_thread_ends(stream, sequence_next(stream));
    if (stream != &without_heap)
        stream->thread = 0;
    stream_leave(stream);
}

static const ss_observer recorder = {allocated, freeing,   resizing,
                                     resized,   tape_open, thread_ended};

/* ---- the beginning ---- */

/* `original` stays NULL where the system has no such memory. Without room for the tags all calls are told. */
static void memory_begin(void) {
    const size_t bytes = SS_TAPE_COUNT * sizeof(ss_tape);
    uint8_t *memory = ss_os_copy_memory(bytes + sizeof *original);
    if (memory == NULL)
        return;
    original = (_Atomic uint32_t *)(void *)(memory + bytes);
    ss_tapes_begin(memory);
    tags = ss_os_reserve(SS_TAPE_TAGS, ss_os_page_bytes());
    if (tags != NULL && !ss_os_commit((void *)tags, SS_TAPE_TAGS))
        tags = NULL;
}

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
        memory_begin();
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
