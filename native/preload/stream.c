#include "stream.h"

_Static_assert(sizeof(record_part) == 32, "docs/recording.md says so");
_Static_assert(offsetof(record_head, command) == 40, "docs/recording.md says so");

void record_part_begin(record_stream *stream, void *part, size_t bytes) {
    record_part *head = part;
    *head =
        (record_part){0, (uint32_t)bytes, stream->thread, 0, stream->sequence, stream->anchors[0]};
    for (unsigned i = 1; i < RECORD_ANCHORS; i++)
        stream->anchors[i] = stream->anchors[0];
    /* Written last, so that a visible head is complete. */
    atomic_signal_fence(memory_order_seq_cst);
    head->magic = RECORD_PART_MAGIC;
    stream->part = part;
    stream->part_bytes = bytes;
    stream->at = (uint8_t *)part + sizeof *head;
    stream->end = (uint8_t *)part + bytes - RECORD_MAX_BYTES;
}

/* ---- one record ---- */

typedef struct record_writer {
    record_stream *stream;
    uint8_t *at;
    uint8_t first;
} record_writer;

static void put(record_writer *record, uint64_t number) {
    for (; number >= 128; number >>= 7)
        *record->at++ = (uint8_t)(number | 128);
    *record->at++ = (uint8_t)number;
}

static record_writer begin(record_stream *stream, unsigned call, uint64_t sequence) {
    record_writer record = {stream, stream->at + 1, (uint8_t)call};
    const uint64_t skipped = sequence - stream->sequence - 1;
    stream->sequence = sequence;
    if (skipped != 0) {
        record.first |= RECORD_HAS_SEQUENCE;
        put(&record, skipped);
    }
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

static void end(record_writer *record) {
    /* A compiler fence is enough: when a process is killed, the file has the stores of its instructions up to one of
     * them, in order. */
    atomic_signal_fence(memory_order_seq_cst);
    *(volatile uint8_t *)record->stream->at = record->first;
    atomic_signal_fence(memory_order_seq_cst);
    record->stream->at = record->at;
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

void record_thread_begins(record_stream *stream, uint32_t thread) {
    record_writer record = {stream, stream->at + 1, RECORD_THREAD_BEGINS};
    put(&record, thread);
    end(&record);
}

void record_thread_ends(record_stream *stream, uint64_t sequence) {
    record_writer record = begin(stream, RECORD_THREAD_ENDS, sequence);
    end(&record);
}
