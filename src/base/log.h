/* SPDX-License-Identifier: MIT */
/*
 * One line an event on standard error, as logfmt: time, level, event, then the caller's pairs.  A
 * line never holds a secret, a token or an id: callers log route templates and hashed ids.  Control
 * characters are escaped, so that input cannot forge a line.  Safe from any thread; each line is
 * one write.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/compiler.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* Lines below ${level} are dropped; the default is LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/*
 * Write one line of level ${level}: ${event} is a constant word, ${fmt} prints the "key=value"
 * pairs behind it ("" for none).  A line is cut at 1,000 characters.
 */
void log_line(enum log_level level, const char *event, const char *fmt, ...) PRINTF_LIKE(3, 4);

#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
