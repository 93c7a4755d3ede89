#include "choice.h"

#include "explorer.h"
#include "support/rng.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHOICES_MAX = 1 << 15, RANDOM_ODDS_MAX = 32 };

typedef struct choice {
    uint8_t options, taken;
    bool deviates;
} choice;

static choice choices[CHOICES_MAX];
static unsigned made;  /* in this execution */
static unsigned fixed; /* number of choices at the start that are given */
static unsigned spent; /* deviations of this execution */
static unsigned bound;
static bool is_random, is_replay;
static rng random_source;
static size_t odds; /* one choice in this many deviates */

void choice_start_all(unsigned deviations) {
    bound = deviations;
    fixed = 0;
    is_random = is_replay = false;
}

void choice_start_random(uint64_t seed) {
    random_source.state = seed;
    fixed = 0;
    is_random = true;
    is_replay = false;
}

bool choice_start_replay(const char *text) {
    is_random = false;
    is_replay = true;
    bound = 0;
    for (fixed = 0; *text != '\0' && fixed < CHOICES_MAX; fixed++) {
        char *end;
        choices[fixed].taken = (uint8_t)strtoul(text, &end, 10);
        if (end == text)
            return false;
        text = *end == '.' ? end + 1 : end;
    }
    return *text == '\0';
}

void choice_begin(void) {
    made = spent = 0;
    odds = 2 + rng_below(&random_source, RANDOM_ODDS_MAX);
}

unsigned choice_take(unsigned options, bool deviates) {
    if (options < 2)
        return 0;
    if (made == CHOICES_MAX)
        explorer_fail("too many choices in one execution");
    choice *now = &choices[made++];
    if (made > fixed) {
        now->taken = 0;
        if (is_random && (!deviates || rng_below(&random_source, odds) == 0))
            now->taken = (uint8_t)rng_below(&random_source, options);
    } else if (now->taken >= options) {
        explorer_fail("an execution could not be repeated");
    }
    now->options = (uint8_t)options;
    now->deviates = deviates;
    spent += deviates && now->taken != 0;
    return now->taken;
}

bool choice_next(void) {
    if (is_random)
        return true;
    if (is_replay)
        return false;
    /* The last choice that has an untried option. */
    while (made-- > 0) {
        choice *last = &choices[made];
        spent -= last->deviates && last->taken != 0;
        if (last->taken + 1 < last->options && (!last->deviates || spent < bound)) {
            last->taken++;
            fixed = made + 1;
            return true;
        }
    }
    return false;
}

void choice_print(void) {
    unsigned last = made;
    while (last > 0 && choices[last - 1].taken == 0)
        last--;
    for (unsigned i = 0; i < last; i++)
        printf("%s%u", i == 0 ? "" : ".", choices[i].taken);
}
