/* Threads write what their bins serve on tapes, and an observer is told of the rest. In the order of all numbers no block
 * begins where another one lives, and every free is of a live block, though any thread frees any block. */
#include "check.h"
#include "heap/observe.h"
#include "space/registry.h"
#include "superslab.h"
#include "team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    THREADS = 4,
    ROUNDS = CHECK_SCALED(30000),
    SLOTS = 64,
    LOGS = 64,
    NUMBERS = 64,
    TAPE_BYTES = NUMBERS * SS_TAPE_ENTRY_MIN
};

typedef struct event {
    uint64_t number;
    uintptr_t address;
    bool begins;
} event;

/* Of a heap; the first one is that of threads without one. */
typedef struct events {
    uint8_t tape[TAPE_BYTES + SS_TAPE_ENTRY_MAX];
    uint64_t drawn; /* before the tape's numbers */
    unsigned tag;
    uint64_t entries;
    size_t count, room;
    event *all;
} events;

static events logs[LOGS];
static atomic_uint log_count = 1;
static pthread_mutex_t without_heap = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint64_t counter;
static ss_tape tapes[SS_TAPE_COUNT];
static _Atomic uint8_t *tags;

static void note(events *to, uint64_t number, uintptr_t address, bool begins) {
    if (to->count == to->room) {
        to->room = to->room * 2 + 1024;
        to->all = realloc(to->all, to->room * sizeof(event)); /* the C library's */
        CHECK(to->all != NULL);
    }
    to->all[to->count++] = (event){number, address, begins};
}

/* Closes the tape and notes what is on it. */
static void take_back(events *from) {
    uint8_t *end = from->tag != 0 ? ss_tape_close(ss_tape_of(from->tag)) : NULL;
    const uintptr_t base = atomic_load(&ss_headed_base);
    for (uint8_t *at = from->tape; end != NULL && at < end; from->entries++) {
        uint32_t word;
        memcpy(&word, at, sizeof word);
        const unsigned call = word % SS_ALIGNMENT;
        CHECK(call == SS_CALL_MALLOC || call == SS_CALL_FREE);
        note(from, ++from->drawn, base + word - call, call == SS_CALL_MALLOC);
        at += call == SS_CALL_MALLOC ? SS_TAPE_ENTRY_MAX : SS_TAPE_ENTRY_MIN;
    }
}

static events *enter(void **word) {
    if (word == NULL) {
        pthread_mutex_lock(&without_heap);
        ss_tapes_share(tags);
        return &logs[0];
    }
    if (*word == NULL) {
        const unsigned number = atomic_fetch_add(&log_count, 1);
        CHECK_LT(number, LOGS);
        if (number > 1)
            ss_tapes_share(tags);
        logs[number].tag = number;
        *word = &logs[number];
    }
    take_back(*word);
    return *word;
}

static void leave(events *log) {
    if (log == &logs[0])
        pthread_mutex_unlock(&without_heap);
}

static uint64_t draw(const events *to, unsigned numbers) {
    const uint64_t before = atomic_fetch_add_explicit(&counter, numbers, memory_order_relaxed);
    if (to->tag != 0)
        ss_tape_drew(ss_tape_of(to->tag), before + numbers);
    return before;
}

static void allocated(void **word, ss_call call, const void *block, size_t size, size_t alignment) {
    (void)call, (void)size, (void)alignment;
    events *log = enter(word);
    if (block != NULL)
        note(log, draw(log, 1) + 1, (uintptr_t)block, true);
    ss_tape_tag((uintptr_t)block - atomic_load(&ss_headed_base), log->tag);
    leave(log);
}

static void freeing(void **word, ss_call call, const void *block) {
    (void)call;
    events *log = enter(word);
    note(log, draw(log, 1) + 1, (uintptr_t)block, false);
    leave(log);
}

static uint64_t resizing(void **word, const void *before) {
    freeing(word, SS_CALL_REALLOC, before);
    return 0;
}

static void resized(void **word, uint64_t ticket, const void *before, const void *after,
                    size_t size) {
    (void)ticket;
    CHECK(after != NULL && before != NULL);
    allocated(word, SS_CALL_REALLOC, after, size, 1);
}

static ss_tape *tape_open(void **word) {
    events *log = enter(word);
    ss_tape *tape = NULL;
    if (log->tag != 0) {
        log->drawn = draw(log, NUMBERS);
        tape = ss_tape_of(log->tag);
        ss_tape_open(tape, log->tag, log->tape, log->tape + TAPE_BYTES, log->drawn);
    }
    leave(log);
    return tape;
}

static void thread_ended(void **word) {
    leave(enter(word));
}

static const ss_observer observer = {allocated, freeing,   resizing,
                                     resized,   tape_open, thread_ended};

/* ---- the program ---- */

static _Atomic(void *) shared[SLOTS];

static void work(unsigned index, void *unused) {
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const unsigned number = (i + index) * 2654435761u;
        /* The observer is told of these, and draws new numbers; most rounds have none. */
        if (i % 61 == 0)
            superslab_free(superslab_malloc(70000));
        void *block = superslab_malloc(number % 600 + 1);
        if (i % 67 == 0)
            block = superslab_realloc(block, number % 9000 + 1);
        superslab_free(superslab_malloc(number % 100));
        superslab_free(atomic_exchange(&shared[number >> 16 & (SLOTS - 1)], block));
    }
}

/* ---- blocks that a thread gets while its numbers are older than theirs ---- */

static _Atomic unsigned turn;

static void await(unsigned number) {
    while (atomic_load(&turn) != number)
        ;
}

/* Afterwards the thread's tape is open. */
static void warm(void) {
    for (unsigned i = 0; i < 4; i++)
        superslab_free(superslab_malloc(40));
}

/* One thread's block, then the other's at the same place, then the first one frees it. */
static void hand_over(unsigned index, void *unused) {
    static void *block;
    (void)unused;
    await(index);
    if (index == 0) {
        block = superslab_malloc(500);
        warm();
        atomic_store(&turn, 1);
        await(2);
        superslab_free(block);
        atomic_store(&turn, 0);
        return;
    }
    const void *before = block;
    superslab_free(block);
    warm();
    block = superslab_malloc(500);
    if (!SS_HARDENED) /* which hands out another one */
        CHECK_EQ((uintptr_t)block, (uintptr_t)before);
    atomic_store(&turn, 2);
}

static pthread_key_t key;
static void *late; /* a block of a thread that no longer has a heap */

static void end(void *rounds) {
    if ((uintptr_t)rounds > 1)
        CHECK_EQ(pthread_setspecific(key, (void *)((uintptr_t)rounds - 1)), 0);
    else
        late = superslab_malloc(700);
}

static void *end_late(void *unused) {
    superslab_free(superslab_malloc(10));
    CHECK_EQ(pthread_setspecific(key, (void *)3), 0);
    return unused;
}

static void free_late(void) {
    pthread_t thread;
    CHECK_EQ(pthread_key_create(&key, end), 0);
    superslab_free(superslab_malloc(700)); /* so that its bin has room */
    warm();
    CHECK_EQ(pthread_create(&thread, NULL, end_late, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK(late != NULL);
    CHECK_GT(logs[0].count, 0);
    superslab_free(late);
}

/* ---- the order ---- */

static int compare(const void *left, const void *right) {
    const event *one = left, *other = right;
    if (one->address != other->address)
        return one->address < other->address ? -1 : 1;
    return one->number < other->number ? -1 : one->number > other->number;
}

int main(void) {
    tags = calloc(SS_TAPE_TAGS, 1);
    CHECK(tags != NULL);
    ss_tapes_begin(tapes);
    CHECK(ss_observe(&observer));
    superslab_free(superslab_malloc(100));
    team_run(2, hand_over, NULL);
    free_late();
    team_run(THREADS, work, NULL);
    for (unsigned i = 0; i < SLOTS; i++)
        superslab_free(shared[i]);
    events all = {.count = 0};
    uint64_t entries = 0;
    for (unsigned i = 0; i < log_count; i++) {
        take_back(&logs[i]);
        entries += logs[i].entries;
        for (size_t k = 0; k < logs[i].count; k++)
            note(&all, logs[i].all[k].number, logs[i].all[k].address, logs[i].all[k].begins);
        free(logs[i].all);
    }
    CHECK_GT(entries, THREADS * ROUNDS);
    qsort(all.all, all.count, sizeof(event), compare);
    for (size_t i = 0; i < all.count; i++) {
        const bool first = i == 0 || all.all[i - 1].address != all.all[i].address;
        CHECK_EQ(all.all[i].begins, first || !all.all[i - 1].begins);
        CHECK(first || all.all[i - 1].number != all.all[i].number);
    }
    free(all.all);
    free((void *)tags);
}
