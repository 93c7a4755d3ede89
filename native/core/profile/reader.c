#include "profile/reader.h"

#include "os/profile.h"

#include <string.h>

bool ss_reader_word(ss_reader *reader, uintptr_t address, uintptr_t *out) {
    if (address % sizeof *out != 0)
        return false;
    if (SS_LIKELY(address - reader->low < reader->end - reader->low)) {
        /* Volatile: the compiler does not know that other functions' frames are there. */
        *out = *(volatile const uintptr_t *)address;
        return true;
    }
    if (address < reader->copy_start || address + sizeof *out > reader->copy_end) {
        reader->copy_start = address;
        reader->copy_end = address + ss_os_read_memory(address, reader->copy, sizeof reader->copy);
        if (reader->copy_end < address + sizeof *out)
            return false;
    }
    memcpy(out, reader->copy + (address - reader->copy_start), sizeof *out);
    return true;
}
