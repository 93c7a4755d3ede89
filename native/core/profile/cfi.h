/* Call frame information: what a table says about the caller of a function, at one of its instructions. The format is
 * that of DWARF 5, section 6.4, with the changes of the Linux Standard Base for .eh_frame. */
#ifndef SS_CFI_H
#define SS_CFI_H

#include "profile/modules.h"
#include "profile/unwind.h"

typedef enum ss_rule_kind {
    SS_RULE_SAME,
    SS_RULE_UNKNOWN,  /* the caller's value is lost; for the return address: there is no caller */
    SS_RULE_AT,       /* in memory, at the frame's address plus `number` */
    SS_RULE_IS,       /* that sum itself */
    SS_RULE_REGISTER, /* in register `number` */
    SS_RULE_EXPRESSION, /* in memory, at the result of an expression; `number` is its place in `text` */
    SS_RULE_RESULT      /* that result itself */
} ss_rule_kind;

typedef struct ss_rule {
    uint8_t kind;
    int32_t number;
} ss_rule;

typedef struct ss_rules {
    ss_rule cfa; /* of the frame's address: IS with register `base`, or RESULT */
    uint8_t base;
    ss_rule of[SS_UNWIND_REGISTERS];
} ss_rules;

typedef struct ss_cfi {
    ss_rules rules;
    bool
        is_signal; /* the frame of a signal: its caller was interrupted, and may be on another stack */
    /* The entries of the table, cut. */
    uint8_t text[1024];
} ss_cfi;

/* Fills in what the module's table says of the address. False if it says nothing, or says it in a way that is not known
 * here. */
bool ss_cfi_find(const ss_module *module, uintptr_t pc, ss_cfi *out);

/* Evaluates the expression at a place in `text`, with `first` on its stack, or nothing if `has_first` is false. */
bool ss_cfi_evaluate(const ss_cfi *cfi, int32_t place, const ss_frame *frame, ss_reader *reader,
                     bool has_first, uintptr_t first, uintptr_t *out);

#endif
