/* SPDX-License-Identifier: MIT */
/*
 * The log: one line for each event on standard error.  A line has the time, the level, the event
 * and the caller's fields, as logfmt or as one JSON object.
 *
 * A line never contains a secret, a token or an id.  Callers log route templates and hashed ids.
 * Control characters and characters outside ASCII become '?', so that input cannot forge a line.
 * Any thread may log, and each line is one write().
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* Drop lines below ${level} from now on.  The default is LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* Write lines in ${format} from now on.  The default is LOG_FORMAT_LOGFMT. */
void log_set_format(enum log_format format);

enum log_kind { LOG_KIND_END, LOG_KIND_NONE, LOG_KIND_TEXT, LOG_KIND_NUMBER, LOG_KIND_FLAG };

/* One field.  Its name is a constant word. */
struct log_field {
    enum log_kind kind;
    const char *name;
    const char *text;
    int64_t number;
};

/* A text.  NULL leaves the field out, as LOG_NONE does. */
#define LOG_TEXT(name, text) ((struct log_field){LOG_KIND_TEXT, (name), (text), 0})
#define LOG_NUMBER(name, number)                                                                   \
    ((struct log_field){LOG_KIND_NUMBER, (name), NULL, (int64_t)(number)})
#define LOG_FLAG(name, flag) ((struct log_field){LOG_KIND_FLAG, (name), NULL, (flag)})
#define LOG_NONE             ((struct log_field){.kind = LOG_KIND_NONE})

/*
 * Write one line of level ${level}.  ${event} is a constant name ("store.commit").  ${fields} end
 * with one of LOG_KIND_END.  A line has at most 1,000 characters: a text is cut, a field that does
 * not fit is left out, and the line stays well-formed.  It goes to standard error by one write(2),
 * which blocks while the reader of a pipe does not read.  Any thread.
 */
void log_line(enum log_level level, const char *event, const struct log_field *fields);

/* The same at a fixed level, with at least one field. */
#define LOG_FIELDS(...)       ((const struct log_field[]){__VA_ARGS__, {.kind = LOG_KIND_END}})
#define log_debug(event, ...) log_line(LOG_LEVEL_DEBUG, event, LOG_FIELDS(__VA_ARGS__))
#define log_info(event, ...)  log_line(LOG_LEVEL_INFO, event, LOG_FIELDS(__VA_ARGS__))
#define log_warn(event, ...)  log_line(LOG_LEVEL_WARN, event, LOG_FIELDS(__VA_ARGS__))
#define log_error(event, ...) log_line(LOG_LEVEL_ERROR, event, LOG_FIELDS(__VA_ARGS__))

#endif
