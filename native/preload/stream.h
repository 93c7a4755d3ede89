/* The parts of a recording and their records, see docs/recording.md. A part is written by the threads that have one heap,
 * one after the other. A record's first byte is written last, so a part that was left in the middle of a record ends
 * before it.
 *
 * A stream's first part is mapped where it stays. Later ones are written in the stream's window, a mapped piece of the
 * file with room for two: when one is full, it is appended to the file, and the other one begins. The window counts its
 * parts, and each says which one it is; so of a part that is there twice, a reader takes the window's. A page that is
 * written by a copy of its contents costs a sixth of one that is mapped. */
#ifndef SS_PRELOAD_STREAM_H
#define SS_PRELOAD_STREAM_H

#include "heap/observe.h"

#include <string.h>

#define RECORD_MAGIC "SLABREC\n"
#define RECORD_VERSION 2u
#define RECORD_PART_MAGIC 0x54524150u   /* "PART" */
#define RECORD_WINDOW_MAGIC 0x444e4957u /* "WIND" */
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
    uint32_t thread;
    uint32_t window;            /* 0: it is in none */
    uint64_t sequence, address; /* the base of the first record's differences */
    uint64_t turn;              /* of the window */
    uint64_t base;              /* what the addresses of short records count from */
} record_part;

/* The first page of a window; its two parts follow, and are used in turn. */
typedef struct record_window {
    uint32_t magic, bytes;
    uint32_t window, part_bytes;
    _Atomic uint64_t
        turn; /* of the part that is being written; it is the second one if this is odd */
} record_window;

/* The bytes that begin the records which are not short. */
#define RECORD_NUMBERS 14u
#define RECORD_LONG 15u

/* The bits above a long record's call. */
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
    record_window *window; /* NULL: none yet */
    uint64_t turn;         /* of the window */
    uint64_t sequence;     /* drawn last, and known to the reader */
    uintptr_t base;
    /* Addresses in units. A program uses a few places in turn; each anchor stays near one of them. */
    uint64_t anchors[RECORD_ANCHORS];
    unsigned anchor;     /* the anchor used last */
    uint32_t thread;     /* 0: none yet */
    uint32_t number;     /* of the window */
    uint32_t generation; /* of the recording; a forked child has another one */
    unsigned tag;        /* of its tape; 0: it has none */
    uintptr_t writer;    /* the token of the thread that is writing a record; 0: none is */
    uintptr_t owner;     /* of the thread that wrote the last one */
    struct record_stream *next;
} record_stream;

static inline bool record_has_room(const record_stream *stream) {
    return stream->at < stream->end;
}

/* The part is new and zeroed. */
void record_part_begin(record_stream *stream, void *part, size_t bytes);

/* The memory is zeroed: a page, and two parts of `part_bytes`. Begins the first of them. */
void record_window_begin(record_stream *stream, void *memory, size_t page, size_t part_bytes);
/* The other part of the stream's window; its contents are lost. */
void *record_window_other(const record_stream *stream);
/* The part is whole in the file: begins the other one. */
void record_window_turn(record_stream *stream);

/* Each writes one record; there is room. */
void record_allocated(record_stream *stream, uint64_t sequence, ss_call call, const void *block,
                      size_t size, size_t alignment);
void record_freeing(record_stream *stream, uint64_t sequence, ss_call call, const void *block);
void record_resized(record_stream *stream, uint64_t before_sequence, uint64_t after_sequence,
                    const void *before, const void *after, size_t size);
/* The numbers of the short records that follow come after this one. */
void record_numbers(record_stream *stream, uint64_t sequence);
void record_thread_begins(record_stream *stream, uint32_t thread);
void record_thread_ends(record_stream *stream, uint64_t sequence);

#endif
