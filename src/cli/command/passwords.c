/* SPDX-License-Identifier: MIT */
/* secrets passwords: passwords nobody can guess, made here. */
#include "cli/cli.h"

enum { LENGTH_DEFAULT = 24, TEXT_MAX = 300 * 1000 };

/* Letters and digits without those that look alike, and signs that need no quoting. */
static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-_.+=@%";

static int
make_password(const struct cli *cli, int64_t length, struct buf *out) {
    int err = 0;
    for (int64_t i = 0; i < length && err == 0; i++)
        err = buf_add_byte(
            out, (uint8_t)alphabet[random_below(cli->random, (uint32_t)sizeof(alphabet) - 1)]);
    return err;
}

enum cli_exit
passwords_run(struct cli *cli) {
    struct buf text = BUF_INIT(TEXT_MAX), one = BUF_INIT(256);
    int64_t length = cli->opt.length > 0 ? cli->opt.length : LENGTH_DEFAULT;
    int64_t count = cli->opt.count > 0 ? cli->opt.count : 1;
    json_t *list = json_array();
    int err = 0;
    for (int64_t i = 0; i < count && err == 0; i++) {
        buf_reset(&one);
        err = make_password(cli, length, &one);
        if (err == 0 && cli->opt.json)
            err = json_array_append_new(list, json_string(buf_text(&one)));
        else if (err == 0) err = buf_printf(&text, "%s\n", buf_text(&one));
    }
    enum cli_exit status = CLI_FAILED;
    if (err == 0)
        status = cli->opt.json ? cli_print_json(json_pack("{s:O}", "passwords", list))
                               : cli_print(&text);
    json_decref(list);
    buf_free(&one);
    buf_free(&text);
    return status;
}
