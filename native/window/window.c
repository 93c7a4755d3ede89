#include "window/window.h"

ss_windows_data ss_windows_state;

ss_window *ss_window_around(uintptr_t address) {
    ss_window *window = ss_windows->all;
    while (window != NULL && address - window->base >= window->limit)
        window = window->next;
    return window;
}

ss_window *ss_window_hold(uintptr_t address) {
    ss_lock_take(&ss_windows->lock);
    ss_window *window = ss_window_around(address);
    if (window != NULL && window->busy)
        window = NULL;
    if (window != NULL)
        window->visitors++;
    ss_lock_release(&ss_windows->lock);
    return window;
}

/* A forked child begins with 0 visitors, although this thread may have become one before a signal handler forked. */
void ss_window_release_locked(ss_window *window) {
    if (window->visitors != 0)
        window->visitors--;
}

void ss_window_release(ss_window *window) {
    ss_lock_take(&ss_windows->lock);
    ss_window_release_locked(window);
    ss_lock_release(&ss_windows->lock);
}
