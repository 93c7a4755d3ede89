#include "stream.h"

#include "space/registry.h"

_Static_assert(sizeof(record_part) == 48, "docs/recording.md says so");
_Static_assert(sizeof(record_window) == 24, "docs/recording.md says so");
_Static_assert(offsetof(record_head, command) == 40, "docs/recording.md says so");
_Static_assert(RECORD_NUMBERS > SS_CALL_DELETE_ALIGNED && RECORD_LONG < SS_ALIGNMENT,
               "below an address's lowest bit are these and the calls");

static void part_head(record_stream *stream, void *part, size_t bytes, uint64_t turn) {
    record_part *head = part;
    stream->base = atomic_load_explicit(&ss_headed_base, memory_order_relaxed);
    *head = (record_part){0,
                          (uint32_t)bytes,
                          stream->thread,
                          stream->window != NULL ? stream->number : 0,
                          stream->sequence,
                          stream->anchors[0],
                          turn,
                          stream->base >> RECORD_UNIT_SHIFT};
    for (unsigned i = 1; i < RECORD_ANCHORS; i++)
        stream->anchors[i] = stream->anchors[0];
    /* Written last, so that a visible head is complete. */
    atomic_signal_fence(memory_order_seq_cst);
    head->magic = RECORD_PART_MAGIC;
}

static void part_use(record_stream *stream, void *part, size_t bytes) {
    stream->part = part;
    stream->part_bytes = bytes;
    stream->at = (uint8_t *)part + sizeof(record_part);
    stream->end = (uint8_t *)part + bytes - RECORD_MAX_BYTES;
}

void record_part_begin(record_stream *stream, void *part, size_t bytes) {
    part_head(stream, part, bytes, 0);
    part_use(stream, part, bytes);
}

void record_window_begin(record_stream *stream, void *memory, size_t page, size_t part_bytes) {
    record_window *window = memory;
    *window = (record_window){0, (uint32_t)(page + 2 * part_bytes), stream->number,
                              (uint32_t)part_bytes, 0};
    stream->window = window;
    stream->turn = 0;
    part_head(stream, (uint8_t *)memory + page, part_bytes, 0);
    part_use(stream, (uint8_t *)memory + page, part_bytes);
    atomic_signal_fence(memory_order_seq_cst);
    window->magic = RECORD_WINDOW_MAGIC;
}

void *record_window_other(const record_stream *stream) {
    return (uint8_t *)stream->part +
           ((stream->turn & 1) == 0 ? 1 : -1) * (ptrdiff_t)stream->part_bytes;
}

void record_window_turn(record_stream *stream) {
    void *other = record_window_other(stream);
    memset(other, 0, stream->part_bytes);
    part_head(stream, other, stream->part_bytes, stream->turn + 1);
    /* After this store the reader takes the other part, and the full one's copy. */
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&stream->window->turn, ++stream->turn, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    part_use(stream, other, stream->part_bytes);
}

/* ---- one record ---- */

typedef struct record_writer {
    record_stream *stream;
    uint8_t *at;   /* behind its first two bytes, which are written last */
    uint8_t first; /* of a long record: the second one */
} record_writer;

static void put(record_writer *record, uint64_t number) {
    for (; number >= 128; number >>= 7)
        *record->at++ = (uint8_t)(number | 128);
    *record->at++ = (uint8_t)number;
}

static record_writer begin(record_stream *stream, unsigned call, uint64_t sequence) {
    record_writer record = {stream, stream->at + 2, (uint8_t)(call | RECORD_HAS_SEQUENCE)};
    put(&record, sequence - stream->sequence - 1);
    stream->sequence = sequence;
    return record;
}

/* A small number for one near 0: its sign is the lowest bit. */
static uint64_t folded(uint64_t difference) {
    return difference << 1 ^ (uint64_t)((int64_t)difference >> 63);
}

/* Writes the address as a difference to the anchor, and makes it the new anchor. */
static void put_address_from(record_writer *record, unsigned anchor, const void *block) {
    const uint64_t address = (uintptr_t)block >> RECORD_UNIT_SHIFT;
    put(record, folded(address - record->stream->anchors[anchor]));
    record->stream->anchors[anchor] = address;
}

/* The nearest anchor, unless the difference to the last one takes at most three bytes. */
static unsigned near(const record_stream *stream, const void *block) {
    const uint64_t address = (uintptr_t)block >> RECORD_UNIT_SHIFT;
    unsigned anchor = stream->anchor;
    uint64_t least = folded(address - stream->anchors[anchor]);
    if (SS_LIKELY(least < 1 << 21))
        return anchor;
    for (unsigned i = 0; i < RECORD_ANCHORS; i++) {
        const uint64_t distance = folded(address - stream->anchors[i]);
        if (distance < least) {
            least = distance;
            anchor = i;
        }
    }
    return anchor;
}

/* A record's only address, or its first. */
static unsigned put_address(record_writer *record, const void *block) {
    const unsigned anchor = near(record->stream, block);
    record->first |= (uint8_t)(anchor << RECORD_ANCHOR_SHIFT);
    record->stream->anchor = anchor;
    put_address_from(record, anchor, block);
    return anchor;
}

/* Writes its first byte. A compiler fence is enough: when a process is killed, the file has the stores of its
 * instructions up to one of them, in order. */
static void end_as(record_writer *record, uint8_t kind) {
    atomic_signal_fence(memory_order_seq_cst);
    *(volatile uint8_t *)record->stream->at = kind;
    atomic_signal_fence(memory_order_seq_cst);
    record->stream->at = record->at;
}

static void end(record_writer *record) {
    record->stream->at[1] = record->first;
    end_as(record, RECORD_LONG);
}

/* ---- records ---- */

void record_allocated(record_stream *stream, uint64_t sequence, ss_call call, const void *block,
                      size_t size, size_t alignment) {
    record_writer record = begin(stream, call, sequence);
    if (call == SS_CALL_ALIGNED || call == SS_CALL_POSIX_MEMALIGN || call == SS_CALL_NEW_ALIGNED)
        *record.at++ = (uint8_t)__builtin_ctzll(alignment);
    put(&record, size);
    put_address(&record, block);
    end(&record);
}

void record_freeing(record_stream *stream, uint64_t sequence, ss_call call, const void *block) {
    record_writer record = begin(stream, call, sequence);
    put_address(&record, block);
    end(&record);
}

void record_resized(record_stream *stream, uint64_t before_sequence, uint64_t after_sequence,
                    const void *before, const void *after, size_t size) {
    record_writer record = begin(stream, SS_CALL_REALLOC, before_sequence);
    const unsigned anchor = put_address(&record, before);
    put(&record, size);
    put_address_from(&record, anchor, after);
    put(&record, after_sequence - before_sequence - 1);
    stream->sequence = after_sequence;
    end(&record);
}

void record_numbers(record_stream *stream, uint64_t sequence) {
    record_writer record = {stream, stream->at + 1, 0};
    put(&record, sequence - stream->sequence);
    stream->sequence = sequence;
    end_as(&record, RECORD_NUMBERS);
}

void record_thread_begins(record_stream *stream, uint32_t thread) {
    record_writer record = {stream, stream->at + 2, RECORD_THREAD_BEGINS};
    put(&record, thread);
    end(&record);
}

void record_thread_ends(record_stream *stream, uint64_t sequence) {
    record_writer record = begin(stream, RECORD_THREAD_ENDS, sequence);
    end(&record);
}
