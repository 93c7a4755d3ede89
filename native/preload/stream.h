/* The parts of a recording and their records, see docs/recording.md. A part is written by the threads that have one heap,
 * one after the other. A record's first byte is written last, so a part that was left in the middle of a record ends
 * before it. */
#ifndef SS_PRELOAD_STREAM_H
#define SS_PRELOAD_STREAM_H

#include "heap/observe.h"

#include <string.h>

#define RECORD_MAGIC "SLABREC\n"
#define RECORD_VERSION 1u
#define RECORD_PART_MAGIC 0x54524150u /* "PART" */
/* No record is longer. */
#define RECORD_MAX_BYTES 64u

/* The head of the file; the first part begins after `head_bytes`. Numbers are little-endian. */
typedef struct record_head {
    char magic[8];
    uint32_t version, head_bytes, page_bytes, process;
    uint64_t started;         /* nanoseconds since 1970 */
    _Atomic uint32_t stopped; /* 1: the recorder got no more room, and later calls are missing */
    uint32_t command_bytes;
    char command[1024]; /* the arguments, each with the zero that ends it */
} record_head;

typedef struct record_part {
    uint32_t magic, bytes; /* this head included */
    uint32_t thread, unused;
    uint64_t sequence, address; /* the base of the first record's differences */
} record_part;

/* The bits above a record's call in its first byte. */
#define RECORD_THREAD_BEGINS 14u
#define RECORD_THREAD_ENDS 15u
#define RECORD_HAS_SEQUENCE 0x10u /* the sequence number is not the last one plus 1 */
#define RECORD_ANCHOR_SHIFT 5     /* the anchor that its address is a difference to */
#define RECORD_ANCHORS 4u
#define RECORD_UNIT_SHIFT 4 /* addresses count in 16 bytes */

typedef struct record_stream {
    uint8_t *at, *end; /* the start of the next record; the last place where one may begin */
    void *part;        /* mapped, NULL: none yet */
    size_t part_bytes;
    uint64_t sequence; /* the last record's */
    /* Addresses in units. A program uses a few places in turn; each anchor stays near one of them. */
    uint64_t anchors[RECORD_ANCHORS];
    unsigned anchor;     /* the anchor used last */
    uint32_t thread;     /* 0: none yet */
    uint32_t generation; /* of the recording; a forked child has another one */
    uintptr_t writer;    /* the token of the thread that is writing a record; 0: none is */
    struct record_stream *next;
} record_stream;

static inline bool record_has_room(const record_stream *stream) {
    return stream->at < stream->end;
}

/* The part is new and zeroed. */
void record_part_begin(record_stream *stream, void *part, size_t bytes);

/* Each writes one record; there is room. */
void record_allocated(record_stream *stream, uint64_t sequence, ss_call call, const void *block,
                      size_t size, size_t alignment);
void record_freeing(record_stream *stream, uint64_t sequence, ss_call call, const void *block);
void record_resized(record_stream *stream, uint64_t before_sequence, uint64_t after_sequence,
                    const void *before, const void *after, size_t size);
void record_thread_begins(record_stream *stream, uint32_t thread);
void record_thread_ends(record_stream *stream, uint64_t sequence);

#endif
