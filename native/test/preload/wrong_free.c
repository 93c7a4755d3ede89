/* Memory of new that free frees, and the other way round: a hardened library reports it, the default one does not. */
#include "check.h"
#include "served.h"

#include <stdlib.h>

void *_Znwm(size_t size);
void *_Znam(size_t size);
void _ZdlPv(void *block);
void _ZdaPv(void *block);

static unsigned reports;

static void note(superslab_error error, const void *pointer, void *context) {
    (void)pointer;
    (void)context;
    CHECK_EQ(error, SUPERSLAB_ERROR_WRONG_FREE);
    reports++;
}

typedef void *allocating(size_t size);
typedef void freeing(void *block);

int main(void) {
    static allocating *const allocate[] = {malloc, _Znwm, _Znam};
    static freeing *const give[] = {free, _ZdlPv, _ZdaPv};
    const superslab_functions *heap = served_api()->functions;
    heap->set_error_handler(note, NULL);
    for (size_t size = 1; size < 60000; size += size / 2 + 1)
        for (unsigned i = 0; i < 9; i++) {
            void *block = allocate[i / 3](size);
            const bool right = i / 3 == i % 3;
            CHECK(block != NULL);
            reports = 0;
            give[i % 3](block);
            CHECK_EQ(reports, (unsigned)(CHECK_HARDENED != 0 && !right));
            if (reports != 0)
                give[i / 3](block); /* the block was left live */
            CHECK_EQ(reports, (unsigned)(CHECK_HARDENED != 0 && !right));
        }
    if (CHECK_HARDENED) {
        void *block = _Znwm(100);
        CHECK(realloc(block, 200) == NULL);
        CHECK_EQ(reports, 1);
        _ZdlPv(block);
    }
}
