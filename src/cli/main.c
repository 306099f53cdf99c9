/* SPDX-License-Identifier: MIT */
/* secrets: share a password, a text or a file from the command line. */
#include <errno.h>
#include <locale.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"

enum { PATIENCE_SECONDS = 120 };

static const struct command {
    const char *name;
    int bit;
    enum cli_exit (*run)(struct cli *cli);
    const char *operand;
    const char *help;
    const char *examples[2];
} commands[] = {
    {"put",
     FOR_PUT,
     put_run,
     "[FILE]",
     "share a file, or standard input; prints the link",
     {"pg_dump app | secrets put --views 2 --ttl 1h", "secrets put --passphrase tty contract.pdf"}},
    {"get",
     FOR_GET,
     get_run,
     "LINK|-",
     "open a link",
     {"secrets get 'https://HOST/#ID.KEY'", "secrets get -o - - | tar -x"}},
    {"info",
     FOR_INFO,
     info_run,
     "LINK|-",
     "look at a link without opening it",
     {"secrets info 'https://HOST/#ID'", "secrets info --json - <link | jq .views_left"}},
    {"burn",
     FOR_BURN,
     burn_run,
     "LINK|-",
     "destroy what you shared",
     {"secrets burn 'https://HOST/#ID'", "secrets burn --token file:token -"}},
    {"receipt",
     FOR_RECEIPT,
     receipt_run,
     "LINK|-",
     "see what became of what you shared",
     {"secrets receipt 'https://HOST/#ID'", "secrets put contract.pdf | secrets receipt --wait -"}},
    {"passwords",
     FOR_PASSWORDS,
     passwords_run,
     "",
     "make passwords",
     {"secrets passwords --length 32", "secrets passwords | tee /dev/tty | secrets put"}},
};

static void
print_help(void) {
    (void)printf("Usage: secrets COMMAND [OPTIONS]\n\n"
                 "Share a password, a text or a file by a link that stops working after its views "
                 "or its time.\nWhat is shared is encrypted here; the server cannot read it.\n\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        (void)printf("  %-10s %-8s %s\n", commands[i].name, commands[i].operand, commands[i].help);
    (void)printf("\nsecrets COMMAND --help lists its options, secrets --version the version.\n"
                 "\nIt ends with\n");
#define X(name, number, text) (void)printf("  %3d  %s\n", number, text);
    EXIT_LIST(X)
#undef X
}

static void
print_command_help(const struct command *c) {
    (void)printf("Usage: secrets %s [OPTIONS]%s%s\n\n%c%s.\n\n", c->name,
                 c->operand[0] == '\0' ? "" : " ", c->operand, c->help[0] - 'a' + 'A', c->help + 1);
    options_help(c->bit);
    (void)printf("\nExamples:\n");
    for (size_t i = 0; i < ARRAY_LEN(c->examples) && c->examples[i] != NULL; i++)
        (void)printf("  %s\n", c->examples[i]);
}

static const struct command *
find_command(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

/* No core dump, and no other process of this user looks into the memory. */
static void
harden(void) {
    struct rlimit none = {0, 0};
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
}

/* The folder $${variable}/secrets, or ${fallback} in the home folder; "" if there is neither. */
static void
find_folder(const char *variable, const char *fallback, char out[static STATE_PATH_MAX]) {
    const char *base = getenv(variable), *home = getenv("HOME");
    int n = 0;
    out[0] = '\0';
    if (base != NULL && base[0] == '/') n = snprintf(out, STATE_PATH_MAX, "%s/secrets", base);
    else if (home != NULL && home[0] == '/')
        n = snprintf(out, STATE_PATH_MAX, "%s/%s/secrets", home, fallback);
    if (n >= STATE_PATH_MAX) out[0] = '\0';
}

static int
load_config(struct config *out) {
    char folder[STATE_PATH_MAX], path[STATE_PATH_MAX + 8];
    find_folder("XDG_CONFIG_HOME", ".config", folder);
    if (folder[0] == '\0') return 0;
    (void)snprintf(path, sizeof(path), "%s/config", folder);
    return config_load(path, out);
}

/* Whether standard error is a terminal that clears lines and draws bars. */
static bool
on_terminal(void) {
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

/* Everything but the options: the outside world, handed in. */
static enum cli_exit
set_up(struct cli *cli) {
    const char *temp = getenv("TMPDIR");
    cli->random = &random_system;
    cli->clock = &clock_system;
    cli->env = getenv;
    cli->temp_dir = temp != NULL && temp[0] == '/' ? temp : "/tmp";
    cli->bar = !cli->opt.quiet && on_terminal();
    const char *no_colour = getenv("NO_COLOR");
    cli->colour = on_terminal() && (no_colour == NULL || no_colour[0] == '\0');
    if (!cli->opt.no_state) find_folder("XDG_STATE_HOME", ".local/state", cli->state.dir);
    if (load_config(&cli->config) != 0) return CLI_USAGE;
    struct http_client_options http = {
        .user_agent = "secrets/" VERSION,
        .ca_file = getenv("SSL_CERT_FILE"),
        .ca_dir = getenv("SSL_CERT_DIR"),
        .proxy_from_env = true,
        .idle_max = 8,
    };
    int64_t patience = cli->opt.patience < 0 ? PATIENCE_SECONDS : cli->opt.patience;
    cli->remote.random = cli->random;
    cli->remote.patience_ms = (long)patience * 1000;
    cli->remote.http = http_client_new(&http);
    return cli->remote.http != NULL ? CLI_DONE : CLI_FAILED;
}

static enum cli_exit
run(const struct command *c, int argc, char **argv) {
    struct cli cli = {0};
    if (options_parse(c->bit, argc, argv, &cli.opt) != 0) return CLI_USAGE;
    if (cli.opt.help) {
        print_command_help(c);
        return CLI_DONE;
    }
    if (c->operand[0] == '\0' && cli.opt.operand != NULL) {
        char next[64];
        (void)snprintf(next, sizeof(next), "See secrets %s --help.", c->name);
        say_error("secrets %s takes no argument", c->name);
        say_hint("%s", next);
        return CLI_USAGE;
    }
    say_setup(cli.opt.quiet, on_terminal());
    enum cli_exit status = set_up(&cli);
    if (status == CLI_DONE) status = c->run(&cli);
    /* What failed without a word was short of memory. */
    if (status == CLI_FAILED && !say_had_error()) say_no_memory();
    if (status == CLI_INTERRUPTED) say_interrupted(NULL);
    http_client_free(cli.remote.http);
    return status;
}

/* The first argument is none of the commands. */
static void
complain_command(const char *name) {
    struct link link = {0};
    if (name[0] == '\0') {
        say_error("which command?");
        say_hint("See secrets --help.");
    } else if (link_parse(name, strlen(name), &link) == 0) {
        say_error("a link alone is no command");
        say_hint("To open it: secrets get LINK, or secrets get - to read it from standard input.");
    } else {
        say_error("\"%s\" is not a command", name);
        say_hint("See secrets --help.");
    }
    explicit_bzero(&link, sizeof(link));
}

int
main(int argc, char **argv) {
    signals_setup();
    harden();
    (void)setlocale(LC_TIME, "");
    json_setup();
    http_client_setup();
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        (void)printf("secrets %s\n", VERSION);
        return CLI_DONE;
    }
    bool help = strcmp(name, "help") == 0;
    const struct command *command = find_command(help && argc > 2 ? argv[2] : name);
    if (help && command != NULL) {
        print_command_help(command);
        return CLI_DONE;
    }
    if (help || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_help();
        return CLI_DONE;
    }
    if (command != NULL) return (int)run(command, argc - 1, argv + 1);
    complain_command(name);
    return CLI_USAGE;
}
