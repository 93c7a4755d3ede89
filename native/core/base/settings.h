/* The environment variables of the heap, read once, before anything is allocated. */
#ifndef SS_SETTINGS_H
#define SS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SS_DECAY_NEVER (-1)
#define SS_DECAY_INLINE "inline"

typedef enum ss_huge_pages {
    SS_HUGE_GROWTH, /* where memory grows (space/huge.h) */
    SS_HUGE_NEVER,
    SS_HUGE_ALWAYS /* as the system likes, too */
} ss_huge_pages;

typedef struct ss_settings {
    ss_huge_pages huge_pages; /* SUPERSLAB_THP */
    size_t limit_bytes;       /* SUPERSLAB_LIMIT; SIZE_MAX: none */
    int32_t decay_ms;         /* SUPERSLAB_DECAY; SS_DECAY_NEVER: nothing is given back by age */
    uint32_t guard_rate;      /* SUPERSLAB_GUARD: guarded blocks a second; 0: none */
    /* SUPERSLAB_DECAY=inline: neither a background thread nor membarrier; threads on their cold paths do its work. */
    bool inline_only;
} ss_settings;

/* Reads the variables. A value that is not valid is reported on stderr and ignored. */
void ss_settings_read(ss_settings *settings);

/* Reports on stderr that the variable's value is ignored, and which values there are. */
void ss_settings_complain(const char *name, const char *value, const char *wanted);

#endif
