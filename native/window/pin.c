#include "window/pin.h"

#include "base/meta.h"

struct ss_pin {
    ss_pin *next;
    ss_holder *holder;
    uint32_t offset;
    uint32_t count; /* times that this holder has pinned the block */
    uint8_t byte;   /* the table's byte to restore; the same in all pins of an offset */
    bool freed;     /* the last pin frees the block; the same in all pins of an offset */
};

/* ---- the lists, with the lock held ---- */

/* Large blocks begin at multiples of 65,536: after the multiplication alone their low bits would be equal. */
static uint32_t hash_of(uint32_t offset) {
    uint32_t hash = (offset >> SS_LIVE_SHIFT) * UINT32_C(0x9e3779b1);
    return hash ^ hash >> 16;
}

/* The largest power of two that is at most `lists`. */
static uint32_t power_of(uint32_t lists) {
    return UINT32_C(1) << (31 - __builtin_clz(lists));
}

static ss_pin **list_at(ss_pins *pins, uint32_t index) {
    return index < SS_PIN_LISTS
               ? &pins->first[index]
               : &pins->segments[index / SS_PIN_SEGMENT_LISTS][index % SS_PIN_SEGMENT_LISTS];
}

static ss_pin **list_of(ss_window *window, uint32_t offset) {
    uint32_t lists = SS_PIN_LISTS + window->pins.split, power = power_of(lists);
    uint32_t index = hash_of(offset) & (2 * power - 1);
    return list_at(&window->pins, index < lists ? index : index - power);
}

/* Splits the next list if there are more pins than lists. False if the new list's segment must be made first. */
static bool pins_split(ss_pins *pins) {
    uint32_t lists = SS_PIN_LISTS + pins->split, power = power_of(lists);
    if (pins->count <= lists || lists == SS_PIN_SEGMENTS * SS_PIN_SEGMENT_LISTS)
        return true;
    if (pins->segments[lists / SS_PIN_SEGMENT_LISTS] == NULL)
        return false;
    ss_pin **fresh = list_at(pins, lists), **at = list_at(pins, lists - power);
    while (*at != NULL) {
        ss_pin *pin = *at;
        if ((hash_of(pin->offset) & (2 * power - 1)) != lists) {
            at = &pin->next;
            continue;
        }
        *at = pin->next;
        pin->next = *fresh;
        *fresh = pin;
    }
    pins->split++;
    return true;
}

/* Called without the lock held. Without memory for it, the present lists grow longer. */
static void segment_make(ss_window *window) {
    ss_pin **made = ss_meta_take(SS_PIN_SEGMENT_LISTS * sizeof *made);
    if (made == NULL)
        return;
    ss_lock_take(&ss_windows->lock);
    ss_pin ***place =
        &window->pins.segments[(SS_PIN_LISTS + window->pins.split) / SS_PIN_SEGMENT_LISTS];
    if (*place == NULL) { /* no other thread has made it meanwhile */
        *place = made;
        made = NULL;
    }
    ss_lock_release(&ss_windows->lock);
    if (made != NULL)
        ss_meta_give(made, SS_PIN_SEGMENT_LISTS * sizeof *made);
}

void ss_pins_end(ss_window *window) {
    for (uint32_t i = 0; i < SS_PIN_SEGMENTS; i++)
        if (window->pins.segments[i] != NULL)
            ss_meta_give(window->pins.segments[i], SS_PIN_SEGMENT_LISTS * sizeof(ss_pin *));
}

/* ---- pins ---- */

/* The link to the holder's pin of a block, or to any holder's if `holder` is NULL. It holds NULL if there is none. */
static ss_pin **pin_find(ss_window *window, const ss_holder *holder, uint32_t offset) {
    ss_pin **at = list_of(window, offset);
    while (*at != NULL && ((*at)->offset != offset || (holder != NULL && (*at)->holder != holder)))
        at = &(*at)->next;
    return at;
}

static void pin_push(ss_holder *holder, uint32_t offset, uint8_t byte, ss_pin *pin) {
    ss_pin **list = list_of(holder->window, offset);
    *pin = (ss_pin){*list, holder, offset, 1, byte, false};
    ss_lock_step();
    *list = pin;
    holder->window->pins.count++;
}

/* The table did not say pinned. So existing pins of the offset are of an earlier block, which an isolate freed although
 * it was pinned, because it had found it live before. From now on they pin the block that is there now, and the last of
 * them must restore that block's byte, not the earlier one's. */
static void pins_renew(ss_window *window, uint32_t offset, uint8_t byte) {
    for (ss_pin *pin = *list_of(window, offset); pin != NULL; pin = pin->next)
        if (pin->offset == offset) {
            pin->byte = byte;
            pin->freed = false;
        }
}

/* Called with the lock held. True if `spare` was used, which was made before. */
static bool pin_add(ss_holder *holder, uint32_t offset, ss_pin *spare, superslab_error *error) {
    ss_window *window = holder->window;
    _Atomic uint8_t *byte = ss_window_byte(window, offset);
    /* Relaxed: a thread that finds the block pinned reads the pins under the lock. */
    uint8_t seen = atomic_load_explicit(byte, memory_order_relaxed);
    *error = SUPERSLAB_OK;
    while (seen != 0 && seen != SS_LIVE_PINNED)
        /* An isolate that frees the block in JavaScript at the same time writes 0 over the mark: the pin came too
         * late. */
        if (atomic_compare_exchange_weak_explicit(byte, &seen, SS_LIVE_PINNED, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            pins_renew(window, offset, seen);
            pin_push(holder, offset, seen, spare);
            return true;
        }
    ss_pin *any = seen == 0 ? NULL : *pin_find(window, NULL, offset);
    if (any == NULL || any->freed) {
        *error = SUPERSLAB_ERROR_DOUBLE_FREE;
        return false;
    }
    ss_pin *own = *pin_find(window, holder, offset);
    if (own != NULL) {
        own->count++;
        return false;
    }
    pin_push(holder, offset, any->byte, spare);
    return true;
}

int ss_pin_add(ss_holder *holder, uint32_t offset) {
    ss_pin *spare = ss_meta_take(sizeof *spare);
    if (spare == NULL)
        return SS_API_FULL;
    superslab_error error;
    ss_lock_take(&ss_windows->lock);
    bool used = pin_add(holder, offset, spare, &error);
    bool ready = pins_split(&holder->window->pins);
    ss_lock_release(&ss_windows->lock);
    if (!ready)
        segment_make(holder->window);
    if (!used)
        ss_meta_give(spare, sizeof *spare);
    return (int)error;
}

/* Takes a pin off its list. Called with the lock held. True if it was the last pin of a block that was freed meanwhile:
 * the caller gives the block back. */
static bool pin_unlink(ss_window *window, ss_pin **at) {
    ss_pin *pin = *at;
    *at = pin->next;
    window->pins.count--;
    if (*pin_find(window, NULL, pin->offset) != NULL)
        return false;
    /* Restores the byte only if it still says pinned: a second owner, which two frees at once may have made, may have
     * freed the block in JavaScript, and then it is in a magazine. Release: a thread that frees the block later hands
     * on what was read and written under the pin, by its own fence: ss_window_fence. */
    uint8_t pinned = SS_LIVE_PINNED;
    return atomic_compare_exchange_strong_explicit(ss_window_byte(window, pin->offset), &pinned,
                                                   pin->byte, memory_order_release,
                                                   memory_order_relaxed) &&
           pin->freed;
}

bool ss_pin_remove(ss_holder *holder, uint32_t offset, bool *give) {
    ss_window *window = holder->window;
    ss_lock_take(&ss_windows->lock);
    ss_pin **at = pin_find(window, holder, offset), *pin = *at;
    const bool gone = pin != NULL && --pin->count == 0;
    *give = gone && pin_unlink(window, at);
    ss_lock_release(&ss_windows->lock);
    if (gone)
        ss_meta_give(pin, sizeof *pin);
    return pin != NULL;
}

ss_pin_free ss_pin_free_later(ss_window *window, uint32_t offset) {
    bool first = false, any = false;
    ss_lock_take(&ss_windows->lock);
    for (ss_pin *pin = *list_of(window, offset); pin != NULL; pin = pin->next)
        if (pin->offset == offset) {
            any = true;
            first |= !pin->freed;
            pin->freed = true;
        }
    ss_lock_release(&ss_windows->lock);
    return !any ? SS_PIN_NONE : first ? SS_PIN_LATER : SS_PIN_TWICE;
}

bool ss_pin_cede(ss_window *window, uint32_t offset) {
    ss_lock_take(&ss_windows->lock);
    bool still = atomic_load_explicit(ss_window_byte(window, offset), memory_order_relaxed) ==
                 SS_LIVE_PINNED;
    for (ss_pin *pin = *list_of(window, offset); still && pin != NULL; pin = pin->next)
        if (pin->offset == offset && pin->byte > SS_LIVE_UNSIZED)
            pin->byte = ss_live_ceded(pin->byte);
    ss_lock_release(&ss_windows->lock);
    return still;
}

uint8_t ss_pin_byte(ss_window *window, uint32_t offset) {
    ss_lock_take(&ss_windows->lock);
    const ss_pin *any = *pin_find(window, NULL, offset);
    uint8_t byte = any == NULL ? 0 : any->byte;
    ss_lock_release(&ss_windows->lock);
    return byte;
}

bool ss_pin_remove_next(ss_holder *holder, uint32_t *list, uint32_t *offset, bool *give) {
    ss_window *window = holder->window;
    ss_pin *pin = NULL;
    ss_lock_take(&ss_windows->lock);
    /* Other holders' pins may split lists between two calls. A split moves pins to a new list behind all others, which
     * the search has yet to reach. */
    for (; pin == NULL && *list < SS_PIN_LISTS + window->pins.split; *list += pin == NULL) {
        ss_pin **at = list_at(&window->pins, *list);
        while (*at != NULL && (*at)->holder != holder)
            at = &(*at)->next;
        pin = *at;
        if (pin != NULL)
            *give = pin_unlink(window, at);
    }
    ss_lock_release(&ss_windows->lock);
    if (pin == NULL)
        return false;
    *offset = pin->offset;
    ss_meta_give(pin, sizeof *pin);
    return true;
}
