/* SPDX-License-Identifier: MIT */
#include "server/options.h"

#include <ctype.h>

#include "base/err.h"
#include "settings/check.h"

#define PREFIX "SECRETS_"

enum {
    NAME_MAX_LEN = 40, /* of an option, its dashes and NUL included */
    HELP_INDENT = 10,
    HELP_WIDTH = 78,
};

/* "SECRETS_MAX_TEXT" is also "--max-text": ${out} gets the latter. */
static void
option_name(const struct setting *t, char out[static NAME_MAX_LEN]) {
    const char *name = t->variable;
    if (strncmp(name, PREFIX, strlen(PREFIX)) == 0) name += strlen(PREFIX);

    size_t n = 0;
    out[n++] = '-';
    out[n++] = '-';
    for (; n < NAME_MAX_LEN - 1 && *name != '\0'; name++) {
        out[n++] = (char)tolower((unsigned char)*name);
        if (*name == '_') out[n - 1] = '-';
    }
    out[n] = '\0';
}

/* The setting whose option is the ${len} characters at ${word}, or NULL. */
static const struct setting *
find_option(const char *word, size_t len) {
    size_t count;
    const struct setting *table = settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        char option[NAME_MAX_LEN];
        if ((table[i].programs & SETTINGS_SERVER) == 0) continue;
        option_name(&table[i], option);
        if (strlen(option) == len && memcmp(option, word, len) == 0) return &table[i];
    }
    return NULL;
}

static int
refuse_argument(struct buf *text, const char *problem, const char *word) {
    (void)!buf_printf(text, "%s: %.80s", problem, word);
    return ERR_CONFIG;
}

/* Read option ${argv}[*i], "--name=value" or "--name value"; *i is then its last word. */
static int
read_option(struct settings *s, int argc, char *const argv[], int *i, struct buf *text) {
    const char *word = argv[*i];
    if (strncmp(word, "--", 2) != 0)
        return refuse_argument(text, "this argument is not understood", word);

    size_t len = strcspn(word, "=");
    const struct setting *t = find_option(word, len);
    if (t == NULL) return refuse_argument(text, "there is no option of this name", word);

    /* The value comes after a '=', or is the next word. */
    const char *value = word + len + 1;
    if (word[len] == '\0') {
        if (*i + 1 == argc) return refuse_argument(text, "this option requires a value", word);
        value = argv[++*i];
    }
    char option[NAME_MAX_LEN];
    option_name(t, option);
    return settings_set(s, t, value, option, text);
}

static int
check_root(const struct settings *s, bool root, struct buf *text) {
    if (!root || s->allow_root) return 0;
    (void)!buf_add_text(text, "running as root: start it as a user of its own, or set "
                              "SECRETS_ALLOW_ROOT=on");
    return ERR_CONFIG;
}

/* Add ${help} to ${text}, broken into indented lines. */
static int
print_wrapped(struct buf *text, const char *help) {
    int err = 0;
    size_t column = 0;
    while (*help != '\0') {
        size_t n = strcspn(help, " ");

        /* Begin a line, or continue one that has room for the next word. */
        if (column == 0 || column + 1 + n > HELP_WIDTH) {
            if (column > 0) err |= buf_add_text(text, "\n");
            err |= buf_printf(text, "%*s", HELP_INDENT, "");
            column = HELP_INDENT;
        } else {
            err |= buf_add_text(text, " ");
            column++;
        }

        err |= buf_add(text, help, n);
        column += n;
        help += n + strspn(help + n, " ");
    }
    return err | buf_add_text(text, "\n");
}

static int
print_setting(struct buf *text, const struct setting *t) {
    char option[NAME_MAX_LEN];
    option_name(t, option);
    int err = buf_printf(text, "  %s %s    (%s", option, t->argument, t->variable);
    if (t->fallback[0] != '\0') err |= buf_printf(text, ", default %s", t->fallback);
    err |= buf_add_text(text, ")\n");
    return err | print_wrapped(text, t->help);
}

static int
print_help(struct buf *text) {
    size_t count;
    const struct setting *table = settings_table(&count);
    int err = buf_add_text(text, "Usage: secretsd [--OPTION VALUE]...\n"
                                 "\n"
                                 "Share secrets by links that stop working.  Each option is also "
                                 "an environment\nvariable.  The option wins.\n\n");
    for (size_t i = 0; i < count; i++)
        if (table[i].programs & SETTINGS_SERVER) err |= print_setting(text, &table[i]);

    err |= buf_add_text(text, "  --help\n          Print the options.\n"
                              "  --version\n          Print the version.\n"
                              "\nsecretsd(8) has the details.\n");
    return err;
}

static int
read_settings(struct settings *s, int argc, char *const argv[], char *const env[],
              struct buf *text) {
    int err = settings_environment(s, SETTINGS_SERVER, env, text);
    for (int i = 1; err == 0 && i < argc; i++)
        err = read_option(s, argc, argv, &i, text);
    if (err == 0) err = settings_check(s, text);
    return err;
}

enum options_result
options_read(struct settings *s, int argc, char *const argv[], char *const env[], int64_t cores,
             bool root, struct buf *text) {
    int err = 0;
    for (int i = 1; i < argc; i++) {
        bool help = strcmp(argv[i], "--help") == 0;
        if (!help && strcmp(argv[i], "--version") != 0) continue;
        err = help ? print_help(text) : buf_add_text(text, "secretsd " VERSION "\n");
        return err == 0 ? OPTIONS_PRINT : OPTIONS_REFUSE;
    }

    /* A refusal is one line that begins with the program's name. */
    (void)!buf_add_text(text, "secretsd: ");
    settings_defaults(s, cores);
    err = read_settings(s, argc, argv, env, text);
    if (err == 0) err = check_root(s, root, text);
    if (err == 0) {
        buf_reset(text);
        return OPTIONS_RUN;
    }
    (void)!buf_add_text(text, " (see secretsd --help)\n");
    return OPTIONS_REFUSE;
}
