/* SPDX-License-Identifier: MIT */
/* secretsctl: what the operator of a secretsd does and knows. */
#include <errno.h>
#include <stdio.h>

#include "base/harden.h"
#include "base/text/json.h"
#include "ctl/ctl.h"
#include "http/client.h"

static const struct ctl_command {
    const char *name;
    const char *operand; /* "" for none; in brackets if it may be left out */
    enum ctl_exit (*run)(struct ctl *ctl);
    int bit; /* of CTL_FOR_ALL */
    const char *help;
} commands[] = {
    {"remove", "LINK|ID|-", ctl_remove, CTL_FOR_REMOVE, "take a secret down, by its link or id"},
    {"stats", "", ctl_stats, CTL_FOR_STATS, "count what the server holds"},
    {"events", "[LINK|ID|-]", ctl_events, CTL_FOR_EVENTS,
     "print what happened to all secrets, or to one"},
    {"audit", "FILE|-", ctl_audit, CTL_FOR_AUDIT,
     "check that a file of events is whole and unchanged"},
    {"forward", "", ctl_forward, CTL_FOR_FORWARD, "pass events on to a webhook or a program"},
    {"token", "NAME", ctl_token, CTL_FOR_TOKEN,
     "make an API token, and its line for the file of the server"},
};

/* What the help shows for each command. */
static const struct {
    int bit;
    const char *line;
} examples[] = {
    {CTL_FOR_REMOVE, "secretsctl remove - <link"},
    {CTL_FOR_STATS, "secretsctl stats --json | jq .secrets.waiting"},
    {CTL_FOR_EVENTS, "secretsctl events --follow"},
    {CTL_FOR_EVENTS, "secretsctl events >events.ndjson"},
    {CTL_FOR_EVENTS, "secretsctl events - <link"},
    {CTL_FOR_AUDIT, "secretsctl audit events.ndjson"},
    {CTL_FOR_FORWARD, "secretsctl forward --url https://HOST/hook --key file:KEY --place FILE"},
    {CTL_FOR_FORWARD, "secretsctl forward --place FILE --exec logger -t secrets"},
    {CTL_FOR_TOKEN, "secretsctl token backup"},
};

static void
print_ctl_overview(void) {
    (void)printf("Usage: secretsctl COMMAND [OPTIONS]\n\n"
                 "Operate a secretsd on this machine.\n\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        (void)printf("  %-8s %-11s %s\n", commands[i].name, commands[i].operand, commands[i].help);

    (void)printf(
        "\nsecretsctl COMMAND --help lists its options, secretsctl --version the version.\n"
        "\nExit status:\n");
#define X(name, number, text) (void)printf("  %3d  %s\n", number, text);
    CTL_EXIT_LIST(X)
#undef X
}

static void
print_ctl_help(const struct ctl_command *c) {
    const char *space = c->operand[0] == '\0' ? "" : " ";
    (void)printf("Usage: secretsctl %s [OPTIONS]%s%s\n\n", c->name, space, c->operand);
    (void)printf("%c%s.\n\n", c->help[0] - 'a' + 'A', c->help + 1);
    ctl_options_help(c->bit);

    (void)printf("\nExamples:\n");
    for (size_t i = 0; i < ARRAY_LEN(examples); i++)
        if (examples[i].bit == c->bit) (void)printf("  %s\n", examples[i].line);
}

/* Return the command called ${name}, or NULL. */
static const struct ctl_command *
find_ctl_command(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

/* The path of the server's socket: that of the option, of the server's own variable, or the one of
 * its systemd unit. */
static const char *
choose_socket(const struct ctl_options *opt) {
    const char *variable = getenv("SECRETS_ADMIN_LISTEN");
    if (opt->socket != NULL) return opt->socket;
    if (variable != NULL && strncmp(variable, "unix:", 5) == 0) return variable + 5;
    return "/run/secretsd/admin.sock";
}

static enum ctl_exit
run_ctl_command(const struct ctl_command *c, int argc, char **argv) {
    struct ctl ctl = {.env = getenv};
    if (ctl_options_parse(c->bit, argc, argv, &ctl.opt) != 0) return CTL_USAGE;
    if (ctl.opt.help) {
        print_ctl_help(c);
        return CTL_DONE;
    }

    bool given = ctl.opt.operand != NULL, takes = c->operand[0] != '\0';
    bool needs = takes && c->operand[0] != '[';
    if ((given && !takes) || (!given && needs)) {
        if (given) ctl_error("secretsctl %s takes no argument", c->name);
        else ctl_error("secretsctl %s needs a %s", c->name, c->operand);
        ctl_hint("See secretsctl %s --help.", c->name);
        return CTL_USAGE;
    }

    /* Each command says itself what went wrong, but for a failed allocation. */
    ctl.socket = choose_socket(&ctl.opt);
    enum ctl_exit status = c->run(&ctl);
    if (status == CTL_FAILED && !ctl_had_error()) ctl_error("out of memory");
    return status;
}

/* Run what the command line ${argv} asks for. */
static enum ctl_exit
dispatch_ctl(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    const struct ctl_command *command = find_ctl_command(name);
    if (command != NULL) return run_ctl_command(command, argc - 1, argv + 1);

    if (strcmp(name, "--version") == 0) {
        (void)printf("secretsctl %s\n", VERSION);
        return CTL_DONE;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_ctl_overview();
        return CTL_DONE;
    }

    /* What was given may be a link, so it is not repeated. */
    ctl_error(name[0] == '\0' ? "which command?" : "there is no such command");
    ctl_hint("See secretsctl --help.");
    return CTL_USAGE;
}

int
main(int argc, char **argv) {
    (void)harden_memory(); /* links have keys in them */
    json_setup();
    http_client_setup();
    int status = (int)dispatch_ctl(argc, argv);
    if (fflush(stdout) != 0 && status == CTL_DONE) {
        ctl_error("the output cannot be printed: %s", strerrordesc_np(errno));
        status = CTL_FAILED;
    }
    return status;
}
