/* Chooses the processes that are served: all of them unless SUPERSLAB_CHILDREN says otherwise, and always the command
 * that `superslab run` became. `run` sets the variable to `node`. The environment is passed on unchanged, so that a
 * node below a shell is served too. */
#include "preload.h"

#include "base/settings.h"
#include "os/digits.h"
#include "os/image.h"
#include "os/os.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_node(void) {
    return ss_os_symbol_exists("napi_create_function");
}

/* ---- SUPERSLAB_CHILDREN ---- */

typedef enum children { CHILDREN_ALL, CHILDREN_NODE, CHILDREN_NONE } children;

typedef struct policy {
    children served;
    bool required; /* a process that is to be served and is not ends */
    bool command;  /* this process is the command that `superslab run` became */
} policy;

static const char *const words[] = {"all", "node", "none", "require"};
enum { WORDS = sizeof words / sizeof *words, WORD_REQUIRE = WORDS - 1 };

static unsigned word_index(const char *text, size_t length) {
    unsigned i = 0;
    while (i < WORDS && (strlen(words[i]) != length || strncmp(text, words[i], length) != 0))
        i++;
    return i;
}

/* `superslab run` adds the word root=PID:START: the command's process id and start time. The start time distinguishes the
 * command from a later process, or one of another namespace, with the same id. */
static const char root_word[] = "root=";
enum { ROOT_LENGTH = sizeof root_word - 1 };

static bool is_this_process(const char *root) {
    const char *end;
    uint64_t process = ss_os_digits(root, &end);
    if (end == root || process != ss_os_process_id())
        return false;
    return *end != ':' || ss_os_digits(end + 1, NULL) == ss_os_process_start();
}

/* Words with commas between them. False if one of them is unknown; then the others count. */
static bool parse_children(const char *text, policy *out) {
    bool valid = true;
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        const bool is_root = strncmp(text, root_word, ROOT_LENGTH) == 0;
        unsigned word = word_index(text, length);
        if (is_root)
            out->command |= is_this_process(text + ROOT_LENGTH);
        else if (word == WORD_REQUIRE)
            out->required = true;
        else if (word < WORD_REQUIRE)
            out->served = (children)word;
        valid &= is_root || word < WORDS;
        text += length + (text[length] == ',');
    }
    return valid;
}

/* False if the variable has an unknown word. */
static bool read_policy(policy *out) {
    const char *text = ss_os_environment("SUPERSLAB_CHILDREN");
    *out = (policy){.served = CHILDREN_ALL};
    return text == NULL || parse_children(text, out);
}

bool preload_is_command(void) {
    policy read;
    read_policy(&read);
    return read.command;
}

static bool is_wanted(const policy *read) {
    return read->served == CHILDREN_ALL || read->command ||
           (read->served == CHILDREN_NODE && is_node());
}

/* As `superslab run` when it refuses a command. */
#define EXIT_REFUSED 125

static _Noreturn void end_unserved(void) {
    char command[200], line[400];
    preload_command_line(command, sizeof command);
    int length = snprintf(
        line, sizeof line,
        "superslab: process %llu (%s) ends, because another malloc comes before superslab's "
        "and SUPERSLAB_CHILDREN has `require`\n",
        (unsigned long long)ss_os_process_id(), command);
    ss_os_write_error(line, length < 0 ? 0 : (size_t)length);
    _exit(EXIT_REFUSED);
}

bool preload_is_wanted(bool possible) {
    policy read;
    if (!read_policy(&read))
        ss_settings_complain("SUPERSLAB_CHILDREN", ss_os_environment("SUPERSLAB_CHILDREN"),
                             "node, all or none, and ,require after it");
    const bool wanted = is_wanted(&read);
    if (wanted && !possible && read.required)
        end_unserved();
    return wanted && possible;
}
