#include "profile/cfi.h"

#include "os/profile.h"
#include "profile/entries.h"

#include <string.h>

/* ---- reading ---- */

/* A part of `text`. Whatever is behind its end reads as 0, and makes it bad. */
typedef struct cursor {
    const uint8_t *at, *end;
    bool bad;
} cursor;

static uint64_t take(cursor *from, size_t bytes) {
    uint64_t value = 0;
    if ((size_t)(from->end - from->at) < bytes) {
        from->bad = true;
        from->at = from->end;
        return 0;
    }
    memcpy(&value, from->at, bytes); /* both architectures are little-endian */
    from->at += bytes;
    return value;
}

/* A number in LEB128; if `is_signed`, the last byte's bit 0x40 is its sign. */
static uint64_t take_leb128(cursor *from, bool is_signed) {
    uint64_t value = 0, byte;
    unsigned shift = 0;
    do {
        byte = take(from, 1);
        value |= shift < 64 ? (byte & 0x7f) << shift : 0;
        shift += 7;
    } while ((byte & 0x80) != 0 && !from->bad);
    if (is_signed && shift < 64 && (byte & 0x40) != 0)
        value |= ~UINT64_C(0) << shift;
    return value;
}

static uint64_t take_unsigned(cursor *from) {
    return take_leb128(from, false);
}

static int64_t take_signed(cursor *from) {
    return (int64_t)take_leb128(from, true);
}

/* ---- entries ---- */

typedef struct entry {
    uint64_t code_factor;
    int64_t data_factor;
    bool has_size, is_signal;
    uint8_t encoding; /* of addresses */
    cursor program;
} entry;

enum { RELATIVE_4 = 0x1b, ENCODING_FORM = 0x0f, ENCODING_PLACE = 0x70 };

/* The common entry of several functions. */
static bool common_read(cursor from, entry *out) {
    const uint8_t version = (uint8_t)take(&from, 1);
    const char *augmentation = (const char *)from.at;
    while (take(&from, 1) != 0)
        ;
    if ((version != 1 && version != 3) || from.bad || augmentation[0] == 'e')
        return false;
    out->code_factor = take_unsigned(&from);
    out->data_factor = take_signed(&from);
    const uint64_t address = version == 1 ? take(&from, 1) : take_unsigned(&from);
    if (address != SS_UNWIND_RA)
        return false;
    out->has_size = augmentation[0] == 'z';
    out->is_signal = false;
    out->encoding = 0;
    if (out->has_size) {
        const uint64_t bytes = take_unsigned(&from);
        if (bytes > (size_t)(from.end - from.at))
            return false;
        const uint8_t *after = from.at + bytes;
        for (const char *letter = augmentation + 1; *letter != '\0'; letter++) {
            if (*letter == 'R')
                out->encoding = (uint8_t)take(&from, 1);
            else if (*letter == 'L')
                take(&from, 1);
            else if (*letter == 'S')
                out->is_signal = true;
            else if (*letter == 'P') {
                const uint8_t encoding = (uint8_t)take(&from, 1);
                take(&from, (encoding & ENCODING_FORM) == 0 || (encoding & 3) == 0 ? 8
                            : (encoding & 3) == 2                                  ? 2
                                                                                   : 4);
            } else if (*letter != 'B')
                return false;
        }
        from.at = after;
    }
    out->program = from;
    return !from.bad && out->encoding == RELATIVE_4;
}

/* Reads the entry at an address into a part of `text`; the cursor has what follows its length. */
static bool entry_load(uintptr_t at, uint8_t *text, size_t most, cursor *out) {
    uint32_t length;
    const size_t got = ss_os_read_memory(at, text, most);
    if (got < sizeof length)
        return false;
    memcpy(&length, text, sizeof length);
    if (length < 8 || length > most - 4 || got < length + 4)
        return false;
    *out = (cursor){text + 4, text + 4 + length, false};
    return true;
}

/* ---- the program of an entry ---- */

enum { STATES_MOST = 4 };

typedef struct machine {
    ss_rules *rules, first, saved[STATES_MOST];
    unsigned states;
    const uint8_t *text;
    const entry *common;
} machine;

static void rule_set(machine *on, uint64_t reg, ss_rule_kind kind, int64_t number) {
    if (reg < SS_UNWIND_REGISTERS)
        on->rules->of[reg] = (ss_rule){(uint8_t)kind, (int32_t)number};
}

static int32_t expression(machine *on, cursor *from) {
    const int32_t place = (int32_t)(from->at - on->text);
    const uint64_t bytes = take_unsigned(from);
    if (bytes > (size_t)(from->end - from->at))
        from->bad = true;
    else
        from->at += bytes;
    return place;
}

static void cfa_set(machine *on, uint64_t reg, int64_t number) {
    on->rules->cfa = (ss_rule){SS_RULE_IS, (int32_t)number};
    on->rules->base = (uint8_t)reg;
}

/* An instruction without an operand in its own byte. False if it is not known. */
static bool step(machine *on, unsigned code, cursor *from, uint64_t *location) {
    const int64_t factor = on->common->data_factor;
    uint64_t reg;
    switch (code) {
    case 0x00: /* nop */
        return true;
    case 0x02: /* advance_loc1 */
    case 0x03:
    case 0x04:
        *location += take(from, 1u << (code - 2)) * on->common->code_factor;
        return true;
    case 0x05: /* offset_extended */
        reg = take_unsigned(from);
        rule_set(on, reg, SS_RULE_AT, (int64_t)take_unsigned(from) * factor);
        return true;
    case 0x06: /* restore_extended */
        reg = take_unsigned(from);
        if (reg < SS_UNWIND_REGISTERS)
            on->rules->of[reg] = on->first.of[reg];
        return true;
    case 0x07: /* undefined */
        rule_set(on, take_unsigned(from), SS_RULE_UNKNOWN, 0);
        return true;
    case 0x08: /* same_value */
        rule_set(on, take_unsigned(from), SS_RULE_SAME, 0);
        return true;
    case 0x09: /* register */
        reg = take_unsigned(from);
        rule_set(on, reg, SS_RULE_REGISTER, (int64_t)take_unsigned(from));
        return true;
    case 0x0a: /* remember_state */
        if (on->states == STATES_MOST)
            return false;
        on->saved[on->states++] = *on->rules;
        return true;
    case 0x0b: /* restore_state */
        if (on->states == 0)
            return false;
        *on->rules = on->saved[--on->states];
        return true;
    case 0x0c: /* def_cfa */
        reg = take_unsigned(from);
        cfa_set(on, reg, (int64_t)take_unsigned(from));
        return true;
    case 0x0d: /* def_cfa_register */
        on->rules->base = (uint8_t)take_unsigned(from);
        return true;
    case 0x0e: /* def_cfa_offset */
        on->rules->cfa = (ss_rule){SS_RULE_IS, (int32_t)take_unsigned(from)};
        return true;
    case 0x0f: /* def_cfa_expression */
        on->rules->cfa = (ss_rule){SS_RULE_RESULT, expression(on, from)};
        return true;
    case 0x10: /* expression */
    case 0x16: /* val_expression */
        reg = take_unsigned(from);
        rule_set(on, reg, code == 0x10 ? SS_RULE_EXPRESSION : SS_RULE_RESULT, expression(on, from));
        return true;
    case 0x11: /* offset_extended_sf */
        reg = take_unsigned(from);
        rule_set(on, reg, SS_RULE_AT, take_signed(from) * factor);
        return true;
    case 0x12: /* def_cfa_sf */
        reg = take_unsigned(from);
        cfa_set(on, reg, take_signed(from) * factor);
        return true;
    case 0x13: /* def_cfa_offset_sf */
        on->rules->cfa = (ss_rule){SS_RULE_IS, (int32_t)(take_signed(from) * factor)};
        return true;
    case 0x14: /* val_offset */
        reg = take_unsigned(from);
        rule_set(on, reg, SS_RULE_IS, (int64_t)take_unsigned(from) * factor);
        return true;
    case 0x2d: /* AARCH64_negate_ra_state: addresses are signed or not; the bits are removed in any case */
        return true;
    case 0x2e: /* GNU_args_size */
        take_unsigned(from);
        return true;
    default:
        return false;
    }
}

/* Runs a program until it passes the place. */
static bool run(machine *on, cursor from, uint64_t location, uint64_t until) {
    while (from.at < from.end && location <= until && !from.bad) {
        const unsigned byte = (unsigned)take(&from, 1), low = byte & 0x3f;
        uint64_t next = location;
        switch (byte >> 6) {
        case 1: /* advance_loc */
            next += low * on->common->code_factor;
            break;
        case 2: /* offset */
            rule_set(on, low, SS_RULE_AT, (int64_t)take_unsigned(&from) * on->common->data_factor);
            break;
        case 3: /* restore */
            if (low < SS_UNWIND_REGISTERS)
                on->rules->of[low] = on->first.of[low];
            break;
        default:
            if (!step(on, low, &from, &next))
                return false;
        }
        if (next > until)
            return true;
        location = next;
    }
    return !from.bad;
}

/* ---- finding ---- */

bool ss_cfi_find(const ss_module *module, uintptr_t pc, ss_cfi *out) {
    enum { HALF = sizeof out->text / 2 };
    cursor own, shared;
    entry common;
    const uintptr_t at = module->header != 0 ? ss_entry_find(module, pc) : 0;
    if (at == 0 || !entry_load(at, out->text, HALF, &own))
        return false;
    const uintptr_t back = (uintptr_t)take(&own, 4);
    if (back == 0 || !entry_load(at + 4 - back, out->text + HALF, HALF, &shared) ||
        take(&shared, 4) != 0 || !common_read(shared, &common))
        return false;
    const uintptr_t place = at + (uintptr_t)(own.at - out->text);
    const uintptr_t start = place + (uintptr_t)(intptr_t)(int32_t)take(&own, 4);
    const uint64_t length = take(&own, 4);
    if (pc - start >= length)
        return false;
    if (common.has_size) {
        const uint64_t bytes = take_unsigned(&own);
        if (bytes > (size_t)(own.end - own.at))
            return false;
        own.at += bytes;
    }
    machine on = {.rules = &out->rules, .text = out->text, .common = &common};
    memset(&out->rules, 0, sizeof out->rules);
#ifdef __x86_64__
    out->rules.of[SS_UNWIND_RA].kind = SS_RULE_UNKNOWN;
#endif
    out->is_signal = common.is_signal;
    if (!run(&on, common.program, 0, 0))
        return false;
    on.first = out->rules;
    return run(&on, own, start, pc);
}

/* ---- expressions ---- */

bool ss_cfi_evaluate(const ss_cfi *cfi, int32_t place, const ss_frame *frame, ss_reader *reader,
                     bool has_first, uintptr_t first, uintptr_t *out) {
    enum { DEPTH = 8 };
    uintptr_t stack[DEPTH + 1] = {first};
    unsigned depth = has_first;
    cursor from = {cfi->text + place, cfi->text + sizeof cfi->text, false};
    const uint64_t bytes = take_unsigned(&from);
    if (bytes > (size_t)(from.end - from.at))
        return false;
    from.end = from.at + bytes;
    while (from.at < from.end && !from.bad) {
        const unsigned code = (unsigned)take(&from, 1);
        const bool binary =
            (code >= 0x1a && code <= 0x27 && code != 0x1f && code != 0x20 && code != 0x23) ||
            (code >= 0x29 && code <= 0x2e);
        if (depth > DEPTH - 1 || (binary && depth < 2) ||
            ((code == 0x06 || code == 0x23) && depth < 1))
            return false;
        uintptr_t *top = &stack[depth == 0 ? 0 : depth - 1];
        if (binary)
            depth--;
        uintptr_t *left = &stack[depth == 0 ? 0 : depth - 1];
        if (code >= 0x70 && code <= 0x8f) { /* breg: a register and an offset */
            if (code - 0x70 >= SS_UNWIND_REGISTERS || (frame->known >> (code - 0x70) & 1) == 0)
                return false;
            stack[depth++] = frame->value[code - 0x70] + (uintptr_t)take_signed(&from);
        } else if (code >= 0x30 && code <= 0x4f) { /* lit */
            stack[depth++] = code - 0x30;
        } else if (code >= 0x08 && code <= 0x0f) { /* const1u to const8s */
            const unsigned size = 1u << (code - 8) / 2;
            uint64_t value = take(&from, size);
            if ((code & 1) != 0 && size < 8)
                value = (uint64_t)((int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size));
            stack[depth++] = (uintptr_t)value;
        } else if (code == 0x06) { /* deref */
            if (!ss_reader_word(reader, *top, top))
                return false;
        } else if (code == 0x23) { /* plus_uconst */
            *top += (uintptr_t)take_unsigned(&from);
        } else if (code == 0x1a) {
            *left &= *top;
        } else if (code == 0x1c) {
            *left -= *top;
        } else if (code == 0x22) {
            *left += *top;
        } else if (code == 0x24) {
            *left <<= *top & 63;
        } else if (code == 0x2a) { /* ge */
            *left = (intptr_t)*left >= (intptr_t)*top;
        } else {
            return false;
        }
    }
    if (depth == 0 || from.bad)
        return false;
    *out = stack[depth - 1];
    return true;
}
