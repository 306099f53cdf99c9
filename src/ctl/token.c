/* SPDX-License-Identifier: MIT */
/* Make an API token.  The program prints the token, and the line for the file of the server, which
 * has its hash. */
#include <stdio.h>
#include <unistd.h>

#include "base/random.h"
#include "base/text/hex.h"
#include "crypto/token.h"
#include "ctl/ctl.h"

enum { NAME_MAX_LEN = 64 };

/* Return whether the file of tokens may have the name ${name}. */
static bool
is_token_label(const char *name) {
    size_t len = strlen(name);
    return len > 0 && len <= NAME_MAX_LEN &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-") ==
               len;
}

/* Print ${token}, then the line of ${name}.  Returns whether all of it was written. */
static bool
print_token(const char *name, const char *token) {
    uint8_t hash[TOKEN_HASH_LEN];
    char digits[2 * TOKEN_HASH_LEN + 1];
    token_hash(token, TOKEN_LEN, hash);
    hex_write(hash, sizeof(hash), digits);
    return printf("%s\n%s %s\n", token, name, digits) > 0 && fflush(stdout) == 0;
}

enum ctl_exit
ctl_token(struct ctl *ctl) {
    const char *name = ctl->opt.operand;
    char token[TOKEN_LEN + 1];
    if (!is_token_label(name)) {
        ctl_error("that is not a name for a token");
        ctl_hint("Give 1 to %d letters, digits and the characters . _ @ + -", NAME_MAX_LEN);
        return CTL_USAGE;
    }

    token_mint(&random_system, token);
    bool printed = print_token(name, token);
    explicit_bzero(token, sizeof(token));
    if (!printed) {
        ctl_error("the token could not be printed");
        ctl_hint("Run the same command again, for another token.");
        return CTL_FAILED;
    }

    /* For people: a script knows the two lines. */
    if (isatty(STDOUT_FILENO))
        (void)fprintf(stderr, "The first line is the token, which is not shown again. Add the "
                              "second to the file of SECRETS_API_TOKENS.\n");
    return CTL_DONE;
}
