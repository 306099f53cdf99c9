/* SPDX-License-Identifier: MIT */
/* secrets passwords: generate random passwords. */
#include "cli/cli.h"

enum { LENGTH_DEFAULT = 24, LENGTH_MAX = 256, PASSWORDS_TEXT_MAX = 300 * 1000 };

/* Letters and digits without those that look alike, and signs that need no quoting. */
static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-_.+=@%";

static int
add_password(const struct cli *cli, int64_t length, struct buf *out) {
    const uint32_t letters = (uint32_t)sizeof(alphabet) - 1;
    int err = 0;
    for (int64_t i = 0; i < length && err == 0; i++)
        err = buf_add_byte(out, (uint8_t)alphabet[random_below(cli->random, letters)]);
    return err;
}

static enum cli_exit
print_passwords_json(const struct cli *cli, int64_t length, int64_t count) {
    struct buf one = BUF_INIT(LENGTH_MAX);
    json_t *list = json_array();
    int err = 0;
    for (int64_t i = 0; i < count && err == 0; i++) {
        buf_reset(&one);
        err = add_password(cli, length, &one);
        if (err == 0) err = json_array_append_new(list, json_string(buf_text(&one)));
    }
    buf_free(&one);

    json_t *json = json_pack("{s:O}", "passwords", list);
    json_decref(list);
    if (err == 0) return cli_print_json(json);
    json_decref(json);
    return CLI_FAILED;
}

static enum cli_exit
print_passwords_text(const struct cli *cli, int64_t length, int64_t count) {
    struct buf text = BUF_INIT(PASSWORDS_TEXT_MAX);
    int err = 0;
    for (int64_t i = 0; i < count && err == 0; i++) {
        err = add_password(cli, length, &text);
        if (err == 0) err = buf_add_byte(&text, '\n');
    }
    enum cli_exit status = err == 0 ? cli_print(&text) : CLI_FAILED;
    buf_free(&text);
    return status;
}

enum cli_exit
passwords_run(struct cli *cli) {
    int64_t length = cli->opt.length > 0 ? cli->opt.length : LENGTH_DEFAULT;
    int64_t count = cli->opt.count > 0 ? cli->opt.count : 1;
    if (cli->opt.json) return print_passwords_json(cli, length, count);
    return print_passwords_text(cli, length, count);
}
