#include "profile/unwind.h"

#include "profile/cfi.h"

#include <string.h>

/* ---- what tables say, remembered ---- */

typedef enum known_kind {
    KNOWN_NOTHING,
    KNOWN_SIMPLE, /* the frame's address is a register and a number, and two registers are saved there */
    KNOWN_FULL,    /* the table is to be read again */
    KNOWN_POINTER, /* no table: by the frame pointer */
    KNOWN_END      /* there is no caller */
} known_kind;

typedef struct known {
    uintptr_t pc;
    int32_t cfa, fp, ra; /* 0 for a frame pointer, or a return address, that is where it was */
    uint32_t lost;       /* registers whose values are saved elsewhere */
    uint8_t kind, base;
} known;

#define KNOWN_COUNT 2048u
static SS_SPARSE known table[KNOWN_COUNT];
static uint32_t table_version;

static bool rules_simplify(const ss_cfi *cfi, known *out) {
    const ss_rules *rules = &cfi->rules;
    if (cfi->is_signal || rules->cfa.kind != SS_RULE_IS ||
        (rules->base != SS_UNWIND_SP && rules->base != SS_UNWIND_FP))
        return false;
    out->lost = 0;
    for (unsigned reg = 0; reg < SS_UNWIND_REGISTERS; reg++) {
        const ss_rule rule = rules->of[reg];
        int32_t *place = reg == SS_UNWIND_FP ? &out->fp : reg == SS_UNWIND_RA ? &out->ra : NULL;
        if (place != NULL && rule.kind != SS_RULE_SAME &&
            (rule.kind != SS_RULE_AT || rule.number == 0))
            return false;
        if (place != NULL)
            *place = rule.kind == SS_RULE_AT ? rule.number : 0;
        else if (rule.kind != SS_RULE_SAME)
            out->lost |= 1u << reg;
    }
    out->cfa = rules->cfa.number;
    out->base = rules->base;
    return true;
}

static known *known_find(uintptr_t pc, ss_cfi *cfi, bool *read) {
    const uint32_t version = ss_modules_version();
    if (SS_UNLIKELY(version != table_version)) {
        memset(table, 0, sizeof table);
        table_version = version;
    }
    known *one =
        &table[(uint32_t)((uint64_t)pc * UINT64_C(0x9e3779b97f4a7c15) >> 40) % KNOWN_COUNT];
    *read = false;
    if (SS_LIKELY(one->pc == pc && one->kind != KNOWN_NOTHING))
        return one;
    const ss_module *module = ss_module_at(pc);
    if (module == NULL)
        return NULL;
    *one = (known){.pc = pc, .kind = KNOWN_POINTER};
    if (!ss_cfi_find(module, pc, cfi))
        return one;
    *read = true;
    if (cfi->rules.of[SS_UNWIND_RA].kind == SS_RULE_UNKNOWN)
        one->kind = KNOWN_END;
    else
        one->kind = rules_simplify(cfi, one) ? KNOWN_SIMPLE : KNOWN_FULL;
    return one;
}

/* ---- steps ---- */

static void arrive(ss_frame *frame, uintptr_t pc, uintptr_t sp) {
    frame->pc = ss_unwind_pc(pc);
    frame->exact = false;
    frame->value[SS_UNWIND_SP] = sp;
    frame->known |= 1u << SS_UNWIND_SP;
}

static bool by_pointer(ss_frame *frame, ss_reader *reader) {
    const uintptr_t fp = frame->value[SS_UNWIND_FP], sp = frame->value[SS_UNWIND_SP];
    uintptr_t pc, next;
    if ((frame->known >> SS_UNWIND_FP & 1) == 0 || fp < sp || !ss_reader_word(reader, fp, &next) ||
        !ss_reader_word(reader, fp + sizeof fp, &pc))
        return false;
    arrive(frame, pc, fp + 2 * sizeof fp);
    frame->pc_place = fp + sizeof fp;
    frame->fp_place = fp;
    frame->value[SS_UNWIND_FP] = next;
    frame->known = 1u << SS_UNWIND_SP | 1u << SS_UNWIND_FP;
    return true;
}

static bool by_simple(ss_frame *frame, ss_reader *reader, const known *rule) {
    if ((frame->known >> rule->base & 1) == 0)
        return false;
    const uintptr_t cfa = frame->value[rule->base] + (uintptr_t)(intptr_t)rule->cfa;
    uintptr_t pc = frame->value[SS_UNWIND_RA], fp;
    if (cfa < frame->value[SS_UNWIND_SP] ||
        (rule->ra != 0 && !ss_reader_word(reader, cfa + (uintptr_t)(intptr_t)rule->ra, &pc)))
        return false;
    if (rule->fp != 0) {
        if (!ss_reader_word(reader, cfa + (uintptr_t)(intptr_t)rule->fp, &fp))
            return false;
        frame->value[SS_UNWIND_FP] = fp;
    }
    if (rule->ra == 0 && (frame->known >> SS_UNWIND_RA & 1) == 0)
        return false;
    frame->known &= ~(rule->lost | 1u << SS_UNWIND_RA);
    frame->pc_place = rule->ra != 0 ? cfa + (uintptr_t)(intptr_t)rule->ra : 0;
    frame->fp_place = rule->fp != 0 ? cfa + (uintptr_t)(intptr_t)rule->fp : 0;
    arrive(frame, pc, cfa);
    return true;
}

static bool by_rules(ss_frame *frame, ss_reader *reader, const ss_cfi *cfi) {
    const ss_rules *rules = &cfi->rules;
    ss_frame next = *frame;
    uintptr_t cfa, pc = 0;
    if (rules->cfa.kind == SS_RULE_RESULT) {
        if (!ss_cfi_evaluate(cfi, rules->cfa.number, frame, reader, false, 0, &cfa))
            return false;
    } else {
        if (rules->base >= SS_UNWIND_REGISTERS || (frame->known >> rules->base & 1) == 0)
            return false;
        cfa = frame->value[rules->base] + (uintptr_t)(intptr_t)rules->cfa.number;
    }
    if (!cfi->is_signal && cfa < frame->value[SS_UNWIND_SP])
        return false;
    next.value[SS_UNWIND_SP] = cfa;
    next.known |= 1u << SS_UNWIND_SP;
    for (unsigned reg = 0; reg < SS_UNWIND_REGISTERS; reg++) {
        const ss_rule rule = rules->of[reg];
        uintptr_t value = frame->value[reg], place = cfa + (uintptr_t)(intptr_t)rule.number;
        bool is_known = (frame->known >> reg & 1) != 0;
        if (rule.kind == SS_RULE_SAME)
            continue;
        if (rule.kind == SS_RULE_IS) {
            value = place;
            is_known = true;
        } else if (rule.kind == SS_RULE_REGISTER) {
            is_known = (uint32_t)rule.number < SS_UNWIND_REGISTERS &&
                       (frame->known >> rule.number & 1) != 0;
            value = is_known ? frame->value[rule.number] : 0;
        } else if (rule.kind != SS_RULE_UNKNOWN) {
            is_known = rule.kind == SS_RULE_AT ||
                       ss_cfi_evaluate(cfi, rule.number, frame, reader, true, cfa, &place);
            if (is_known && rule.kind == SS_RULE_RESULT)
                value = place;
            else
                is_known = is_known && ss_reader_word(reader, place, &value);
        } else {
            is_known = false;
        }
        next.value[reg] = value;
        next.known = (next.known & ~(1u << reg)) | (uint32_t)is_known << reg;
    }
    if ((next.known >> SS_UNWIND_RA & 1) == 0)
        return false;
    pc = next.value[SS_UNWIND_RA];
    next.known &= ~(1u << SS_UNWIND_RA);
    arrive(&next, pc, next.value[SS_UNWIND_SP]);
    next.exact = cfi->is_signal;
    *frame = next;
    return true;
}

bool ss_unwind(ss_frame *frame, ss_reader *reader) {
    ss_cfi cfi;
    bool read;
    const uintptr_t before = frame->value[SS_UNWIND_SP], pc = frame->pc - !frame->exact;
    const known *rule = known_find(pc, &cfi, &read);
    frame->generated = rule == NULL;
    frame->plain = rule == NULL || rule->kind != KNOWN_FULL;
    frame->by_fp = rule == NULL || rule->kind == KNOWN_POINTER || rule->base == SS_UNWIND_FP;
    if (SS_LIKELY(rule != NULL && rule->kind == KNOWN_SIMPLE))
        return by_simple(frame, reader, rule);
    if (rule == NULL || rule->kind == KNOWN_POINTER)
        return by_pointer(frame, reader);
    if (rule->kind == KNOWN_END)
        return false;
    const ss_module *module = read ? NULL : ss_module_at(pc);
    if (!read && (module == NULL || !ss_cfi_find(module, pc, &cfi)))
        return false;
    return by_rules(frame, reader, &cfi) && (cfi.is_signal || frame->value[SS_UNWIND_SP] > before);
}
