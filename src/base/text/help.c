/* SPDX-License-Identifier: MIT */
#include "base/text/help.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { HELP_WIDTH = 80 };

void
help_print_option(const char *option, const char *text, int column) {
    const size_t room = (size_t)(HELP_WIDTH - column);
    (void)printf("  %-*s", column - 2, option);

    while (strlen(text) > room) {
        size_t len = room;
        while (len > 0 && text[len] != ' ')
            len--;
        (void)printf("%.*s\n%*s", (int)len, text, column, "");
        text += len + 1;
    }
    (void)printf("%s\n", text);
}
