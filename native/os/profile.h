/* What a profile asks the platform for, beside os.h. No function allocates; all preserve errno, and all but the loop over
 * modules may be called in the handler of a signal. */
#ifndef SS_OS_PROFILE_H
#define SS_OS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether profiles are possible here. */
bool ss_os_can_profile(void);

/* Copies memory of this process, at any address, up to the first byte that cannot be read. Returns the number of bytes. */
size_t ss_os_read_memory(uintptr_t address, void *out, size_t bytes);

/* Each mapping of this process, in the order of addresses: `name` is the file's path, or empty. `offset` is that in the
 * file. `line` is the system's own text. Until `visit` returns true. */
typedef struct ss_os_mapping {
    uintptr_t start, end;
    uint64_t offset;
    bool executable;
    const char *name, *line;
} ss_os_mapping;
typedef bool ss_os_visit_mapping(const ss_os_mapping *mapping, void *context);
void ss_os_each_mapping(ss_os_visit_mapping *visit, void *context);

/* Where the unwind table (.eh_frame_hdr) of the file is that is mapped from `base` on; 0 if it has none. */
uintptr_t ss_os_unwind_table(uintptr_t base);

/* The function whose code is at an offset of a file. For one thread at a time. */
typedef struct ss_os_function {
    uint64_t
        address; /* that the file gives to the offset, as addr2line takes it; the offset itself if it gives none */
    uint64_t within; /* how far in the function the offset is */
    char name[160];  /* as the file's table of symbols has it; cut. Empty: it has none */
} ss_os_function;
void ss_os_function_find(const char *file, uint64_t offset, ss_os_function *out);

/* The length of a file; 0 if there is none. */
uint64_t ss_os_file_bytes(const char *path);

/* Reads a part of a file. Returns the number of bytes. */
size_t ss_os_read_part(const char *path, uint64_t offset, void *out, size_t bytes);

/* Writes everything to a descriptor; false if the system refuses. */
bool ss_os_write_all(int descriptor, const void *bytes, size_t count);

/* Makes a file that only this user may read and write, in place of one of that name. -1 if the system refuses. */
int ss_os_private_create(const char *path);
/* Closes it, and gives it the name `to`; removes it if that is NULL. */
void ss_os_private_end(int descriptor, const char *path, const char *to);

/* The path of the program. Writes it with a zero at its end, and returns its length. */
size_t ss_os_program_path(char *path, size_t bytes);

/* An address near the beginning of the program's file in memory, or 0. */
uintptr_t ss_os_program_start(void);

/* The end of the calling thread's own stack if it is known without asking the system; 0 otherwise. */
uintptr_t ss_os_thread_end(void);

#endif
