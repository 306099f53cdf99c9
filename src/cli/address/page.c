/* SPDX-License-Identifier: MIT */
#include "cli/address/page.h"

#include <unistd.h>

#include "cli/terminal/say.h"
#include "cli/terminal/signals.h"
#include "cli/terminal/terminal.h"
#include "http/url.h"

/* Ask whether links may lead to ${page}, which is on another host than the server. */
static enum cli_exit
ask_foreign_page(const struct cli *cli, const char *page) {
    bool yes = false;
    say_note("The server %s prints links that lead to another address: %s", cli->remote.base, page);
    if (!cli->opt.quiet && isatty(STDERR_FILENO) &&
        terminal_confirm("Whoever serves that page can read the secret. Use it? [y/N] ", &yes) ==
            0 &&
        yes)
        return CLI_DONE;
    if (signals_stop_asked()) return CLI_INTERRUPTED;

    say_error("%s is not the server that you chose", page);
    say_hint("If you trust it: --page %s. For links to the server itself: --page %s", page,
             cli->remote.base);
    return CLI_REFUSED;
}

enum cli_exit
page_choose(struct cli *cli, const char *named, char out[static LINK_PAGE_MAX]) {
    const char *wanted = cli->opt.page;
    if (wanted == NULL && cli->config.page[0] != '\0') wanted = cli->config.page;
    if (wanted != NULL) {
        if (link_address(wanted, strlen(wanted), out) == 0) return CLI_DONE;
        say_error("\"%s\" is not the address of a page", wanted);
        say_hint("An address looks like https://HOST/.");
        return CLI_USAGE;
    }

    memcpy(out, cli->remote.base, LINK_PAGE_MAX);
    char page[LINK_PAGE_MAX];
    if (named == NULL || link_address(named, strlen(named), page) != 0) return CLI_DONE;

    enum cli_exit status = CLI_DONE;
    if (!http_url_same_origin(page, cli->remote.base)) status = ask_foreign_page(cli, page);
    if (status == CLI_DONE) memcpy(out, page, LINK_PAGE_MAX);
    return status;
}
