/* Decimal numbers, as settings and the system's files have them. */
#include "os/digits.h"
#include "check.h"

int main(void) {
    const struct {
        const char *text;
        uint64_t value;
        unsigned length;
    } cases[] = {
        {"", 0, 0},
        {"x1", 0, 0},
        {"-1", 0, 0},
        {" 1", 0, 0},
        {"0", 0, 1},
        {"007:9", 7, 3},
        {"4096 kB", 4096, 4},
        {"18446744073709551614", UINT64_MAX - 1, 20},
        {"18446744073709551615", UINT64_MAX, 20},
        {"18446744073709551616", UINT64_MAX, 20},
        {"99999999999999999990", UINT64_MAX, 20},
        {"184467440737095516150000x", UINT64_MAX, 24},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *end = NULL;
        CHECK_THAT(ss_os_digits(cases[i].text, &end) == cases[i].value, "%s", cases[i].text);
        CHECK_THAT(end == cases[i].text + cases[i].length, "%s", cases[i].text);
        CHECK_THAT(ss_os_digits(cases[i].text, NULL) == cases[i].value, "%s", cases[i].text);
    }
    return 0;
}
