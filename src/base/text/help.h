/* SPDX-License-Identifier: MIT */
/* The lists of options that the programs of the command line print. */
#ifndef BASE_TEXT_HELP_H
#define BASE_TEXT_HELP_H

/* Print ${option}, and its help ${text} from ${column} on, broken between words into lines of at
 * most 80 columns, to standard output. */
void help_print_option(const char *option, const char *text, int column);

#endif
