/* SPDX-License-Identifier: MIT */
/* secrets: share a password, a text or a file from the command line. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <unistd.h>

#include "base/harden.h"
#include "cli/cli.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"

enum { PATIENCE_SECONDS = 120 };

static const struct command {
    const char *name;
    const char *operand; /* "" for none */
    enum cli_exit (*run)(struct cli *cli);
    int bit; /* of FOR_ALL */
    const char *help;
} commands[] = {
    {"put", "[FILE]", put_run, FOR_PUT, "share a file or standard input, and print the link"},
    {"get", "LINK|-", get_run, FOR_GET, "open a link"},
    {"info", "LINK|-", info_run, FOR_INFO, "look at a link without opening it"},
    {"burn", "LINK|-", burn_run, FOR_BURN, "destroy what you shared, or end a request"},
    {"receipt", "LINK|-", receipt_run, FOR_RECEIPT, "show what happened to what you shared"},
    {"request", "", request_run, FOR_REQUEST, "ask for a secret, and print the link to answer"},
    {"answer", "LINK [FILE]", answer_run, FOR_ANSWER, "give the secret that a link asks for"},
    {"collect", "[LINK|-]", collect_run, FOR_COLLECT, "read the answers to what you asked for"},
    {"passwords", "", passwords_run, FOR_PASSWORDS, "generate random passwords"},
};

/* What the help shows for each command. */
static const struct {
    int bit;
    const char *line;
} examples[] = {
    {FOR_PUT, "pg_dump app | secrets put --views 2 --ttl 1h"},
    {FOR_PUT, "secrets put --passphrase tty contract.pdf"},
    {FOR_PUT, "secrets put --to age1... --to @team.txt contract.pdf"},
    {FOR_GET, "secrets get 'https://HOST/#ID.KEY'"},
    {FOR_GET, "secrets get -i key.txt 'https://HOST/#ID.KEY'"},
    {FOR_GET, "secrets get -o - - | tar -x"},
    {FOR_INFO, "secrets info 'https://HOST/#ID'"},
    {FOR_INFO, "secrets info --json - <link | jq .views_left"},
    {FOR_BURN, "secrets burn 'https://HOST/#ID'"},
    {FOR_BURN, "secrets burn --token file:token -"},
    {FOR_BURN, "secrets burn 'https://HOST/#r.ID.KEY'"},
    {FOR_RECEIPT, "secrets receipt 'https://HOST/#ID'"},
    {FOR_RECEIPT, "secrets put contract.pdf | secrets receipt --wait -"},
    {FOR_REQUEST, "secrets request --note 'the password of the router'"},
    {FOR_REQUEST, "secrets request --answers 5 --ttl 2d"},
    {FOR_ANSWER, "secrets answer 'https://HOST/#r.ID.KEY' password.txt"},
    {FOR_ANSWER, "pass show router | secrets answer 'https://HOST/#r.ID.KEY'"},
    {FOR_COLLECT, "secrets collect --wait"},
    {FOR_COLLECT, "secrets collect -o answers/ 'https://HOST/#c.ID.SEED.KEY'"},
    {FOR_PASSWORDS, "secrets passwords --length 32"},
    {FOR_PASSWORDS, "secrets passwords | tee /dev/tty | secrets put"},
};

static void
print_overview(void) {
    (void)printf("Usage: secrets COMMAND [OPTIONS]\n\n"
                 "Share a password, a text or a file by a link that stops working after a number\n"
                 "of views or a time.  It is encrypted on this machine; the server cannot read\n"
                 "it.\n\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        (void)printf("  %-10s %-11s %s\n", commands[i].name, commands[i].operand, commands[i].help);

    (void)printf("\nsecrets COMMAND --help lists its options, secrets --version the version.\n"
                 "\nExit status:\n");
#define X(name, number, text) (void)printf("  %3d  %s\n", number, text);
    EXIT_LIST(X)
#undef X
}

static void
print_command_help(const struct command *c) {
    const char *space = c->operand[0] == '\0' ? "" : " ";
    (void)printf("Usage: secrets %s [OPTIONS]%s%s\n\n", c->name, space, c->operand);
    (void)printf("%c%s.\n\n", c->help[0] - 'a' + 'A', c->help + 1);
    options_help(c->bit);

    (void)printf("\nExamples:\n");
    for (size_t i = 0; i < ARRAY_LEN(examples); i++)
        if (examples[i].bit == c->bit) (void)printf("  %s\n", examples[i].line);
}

/* Return the command called ${name}, or NULL. */
static const struct command *
find_command(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

/* Write to ${out} the directory "secrets" in $${variable}, or in ${fallback} of the home directory.
 * "" if neither is set. */
static void
find_user_dir(const char *variable, const char *fallback, char out[static STATE_PATH_MAX]) {
    const char *base = getenv(variable), *home = getenv("HOME");
    int n = 0;
    out[0] = '\0';
    if (base != NULL && base[0] == '/') n = snprintf(out, STATE_PATH_MAX, "%s/secrets", base);
    else if (home != NULL && home[0] == '/')
        n = snprintf(out, STATE_PATH_MAX, "%s/%s/secrets", home, fallback);
    if (n >= STATE_PATH_MAX) out[0] = '\0';
}

static int
load_user_config(struct config *out) {
    char dir[STATE_PATH_MAX], path[STATE_PATH_MAX + 8];
    find_user_dir("XDG_CONFIG_HOME", ".config", dir);
    if (dir[0] == '\0') return 0;
    (void)snprintf(path, sizeof(path), "%s/config", dir);
    return config_load(path, out);
}

/* Return whether standard error is a terminal that can clear a line and draw a bar. */
static bool
on_smart_terminal(void) {
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

static bool
wants_colour(void) {
    const char *no_colour = getenv("NO_COLOR");
    return on_smart_terminal() && (no_colour == NULL || no_colour[0] == '\0');
}

static bool
has_utf8(void) {
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* A part of a large secret arrives in a few calls. */
enum { RECEIVE_BUFFER = 256 * 1024 };

static struct http_client *
new_http_client(void) {
    struct http_client_options options = {
        .user_agent = "secrets/" VERSION,
        .ca_file = getenv("SSL_CERT_FILE"),
        .ca_dir = getenv("SSL_CERT_DIR"),
        .proxy_from_env = true,
        .netrc = true,
        .idle_max = 8,
        .receive_buffer = RECEIVE_BUFFER,
    };
    return http_client_new(&options);
}

/* Fill in everything but the options: what the commands use of the outside world. */
static enum cli_exit
prepare_cli(struct cli *cli) {
    const char *temp = getenv("TMPDIR");
    cli->random = &random_system;
    cli->clock = &clock_system;
    cli->env = getenv;
    cli->temp_dir = temp != NULL && temp[0] == '/' ? temp : "/tmp";
    cli->bar = !cli->opt.quiet && on_smart_terminal();
    cli->colour = wants_colour();
    cli->utf8 = has_utf8();

    if (!cli->opt.no_state) find_user_dir("XDG_STATE_HOME", ".local/state", cli->state.dir);
    if (load_user_config(&cli->config) != 0) return CLI_USAGE;

    int64_t patience = cli->opt.patience < 0 ? PATIENCE_SECONDS : cli->opt.patience;
    cli->remote.random = cli->random;
    cli->remote.patience_ms = (long)patience * 1000;
    cli->remote.http = new_http_client();
    if (cli->remote.http != NULL) return CLI_DONE;
    return CLI_FAILED;
}

static enum cli_exit
run_command(const struct command *c, int argc, char **argv) {
    struct cli cli = {0};
    if (options_parse(c->bit, argc, argv, &cli.opt) != 0) return CLI_USAGE;
    if (cli.opt.help) {
        print_command_help(c);
        return CLI_DONE;
    }
    if (c->operand[0] == '\0' && cli.opt.operand != NULL) {
        say_error("secrets %s takes no argument", c->name);
        say_hint("See secrets %s --help.", c->name);
        return CLI_USAGE;
    }

    say_setup(cli.opt.quiet, on_smart_terminal());
    enum cli_exit status = prepare_cli(&cli);
    if (status == CLI_DONE) status = c->run(&cli);

    /* Only a failed allocation ends a command without a message. */
    if (status == CLI_FAILED && !say_had_error()) say_no_memory();
    if (status == CLI_INTERRUPTED) say_interrupted(NULL);
    remote_close(&cli.remote);
    return status;
}

/* Say which command takes a link of ${kind}. */
static void
hint_command_of(enum link_kind kind) {
    switch (kind) {
    case LINK_ANSWER: say_hint("To answer it: secrets answer LINK."); return;
    case LINK_COLLECT: say_hint("To read the answers: secrets collect LINK."); return;
    case LINK_SEALED:
    case LINK_CLASSIC: break;
    }
    say_hint("To open it: secrets get LINK, or secrets get - to read it from standard input.");
}

/* Say that the first argument ${name} is not a command. */
static void
complain_command(const char *name) {
    struct link link = {0};
    if (name[0] == '\0') {
        say_error("which command?");
        say_hint("See secrets --help.");
    } else if (link_parse(name, strlen(name), &link) == 0) {
        say_error("a link is not a command");
        hint_command_of(link.kind);
    } else {
        say_error("\"%s\" is not a command", name);
        say_hint("See secrets --help.");
    }
    explicit_bzero(&link, sizeof(link));
}

/* Run what the command line ${argv} asks for. */
static enum cli_exit
dispatch(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        (void)printf("secrets %s\n", VERSION);
        return CLI_DONE;
    }

    /* "secrets help put" is "secrets put --help". */
    bool help = strcmp(name, "help") == 0;
    const struct command *command = find_command(help && argc > 2 ? argv[2] : name);
    if (help && command != NULL) {
        print_command_help(command);
        return CLI_DONE;
    }
    if (help || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_overview();
        return CLI_DONE;
    }

    if (command != NULL) return run_command(command, argc - 1, argv + 1);
    complain_command(name);
    return CLI_USAGE;
}

int
main(int argc, char **argv) {
    /* Before any thread starts and before anything secret is in memory. */
    signals_setup();
    (void)harden_memory();
    (void)setlocale(LC_TIME, "");
    (void)setlocale(LC_CTYPE, "");
    progress_setup(has_utf8());
    json_setup();
    http_client_setup();

    return (int)dispatch(argc, argv);
}
