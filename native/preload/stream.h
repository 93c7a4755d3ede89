/* The parts of a recording and the records in them, as docs/recording.md has them: what one thread after another writes
 * with one heap. A record's first byte is written last, so a part that was left in the middle of a record ends before
 * it. */
#ifndef SS_PRELOAD_STREAM_H
#define SS_PRELOAD_STREAM_H

#include "heap/observe.h"

#include <string.h>

#define RECORD_MAGIC "SLABREC\n"
#define RECORD_VERSION 1u
#define RECORD_PART_MAGIC 0x54524150u /* "PART" */
/* No record is longer. */
#define RECORD_MAX_BYTES 64u

/* The head of the file; the first part begins behind `head_bytes`. Numbers are little-endian. */
typedef struct record_head {
    char magic[8];
    uint32_t version, head_bytes, page_bytes, process;
    uint64_t started;         /* nanoseconds since 1970 */
    _Atomic uint32_t stopped; /* 1: the recorder was refused more room, and the rest is missing */
    uint32_t command_bytes;
    char command[1024]; /* the arguments, each with the zero that ends it */
} record_head;

typedef struct record_part {
    uint32_t magic, bytes; /* this head included */
    uint32_t thread, unused;
    uint64_t sequence, address; /* what the first record's are told from */
} record_part;

/* What follows a record's call in its first byte. */
#define RECORD_THREAD_BEGINS 14u
#define RECORD_THREAD_ENDS 15u
#define RECORD_HAS_SEQUENCE 0x10u /* it is not the last one's and 1 */
#define RECORD_ANCHOR_SHIFT 5     /* which anchor its address is told from */
#define RECORD_ANCHORS 4u
#define RECORD_UNIT_SHIFT 4 /* addresses count in 16 bytes */

typedef struct record_stream {
    uint8_t *at, *end; /* where the next record begins; as far as one may begin */
    void *part;        /* mapped, NULL: none yet */
    size_t part_bytes;
    uint64_t sequence; /* the last record's */
    /* Addresses in units. A program goes to and fro between a few places, of which each has one near. */
    uint64_t anchors[RECORD_ANCHORS];
    unsigned anchor;     /* the one that was taken last */
    uint32_t thread;     /* 0: none yet */
    uint32_t generation; /* of the recording, which is another one in a forked child */
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
