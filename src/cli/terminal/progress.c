/* SPDX-License-Identifier: MIT */
#include "cli/terminal/progress.h"

#include <unistd.h>

#include "base/clock.h"
#include "cli/terminal/terminal.h"

enum {
    DRAW_EVERY_MS = 100,
    FIRST_AFTER_MS = 300, /* shorter transfers show no bar */
    SPEED_AFTER_MS = 1000,
    EDGE = 3,          /* free columns, so that an echoed ^C stays on the line */
    NUMBERS_ROOM = 52, /* columns that the numbers usually need */
    AROUND_BAR = 6,    /* columns for the ends of the bar and spaces */
    LABEL_MIN = 4,
    BAR_MIN = 8,
    BAR_MAX = 32,
    LINE_MAX = 1024,
};

static bool progress_is_ascii, progress_wrapped;

void
progress_setup(bool utf8) {
    progress_is_ascii = !utf8;
}

int
progress_bytes(uint64_t bytes, struct buf *out) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double n = (double)bytes;
    size_t unit = 0;

    /* 1023.95 would print as 1024.0. */
    while (unit + 1 < ARRAY_LEN(units) && n >= (unit == 0 ? 1024.0 : 1023.95)) {
        n /= 1024;
        unit++;
    }

    if (unit == 0) return buf_printf(out, "%.0f B", n);
    return buf_printf(out, "%.1f %s", n, units[unit]);
}

int
progress_time(uint64_t seconds, struct buf *out) {
    unsigned long long hours = seconds / 3600, minutes = seconds / 60 % 60, rest = seconds % 60;
    return hours > 0 ? buf_printf(out, "%llu:%02llu:%02llu", hours, minutes, rest)
                     : buf_printf(out, "%llu:%02llu", minutes, rest);
}

/* Return the columns of the UTF-8 ${text}, one for each character. */
static size_t
text_columns(const char *text, size_t len) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((uint8_t)text[i] & 0xc0) != 0x80;
    return n;
}

static int
add_ascii_bar(uint64_t done, uint64_t total, size_t cells, struct buf *out) {
    size_t full = (size_t)((double)done / (double)total * (double)cells);
    int err = buf_add_byte(out, '[');
    for (size_t i = 0; i < cells && err == 0; i++)
        err = buf_add_byte(out, i < full ? '#' : ' ');
    if (err != 0) return err;
    return buf_add_byte(out, ']');
}

static int
add_bar(uint64_t done, uint64_t total, size_t cells, struct buf *out) {
    static const char *const part[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (progress_is_ascii) return add_ascii_bar(done, total, cells, out);

    size_t eighths = (size_t)((double)done / (double)total * (double)(cells * 8));
    int err = buf_add_text(out, "▕");
    for (size_t i = 0; i < cells && err == 0; i++) {
        size_t fill = eighths > i * 8 ? eighths - i * 8 : 0;
        if (fill >= 8) err = buf_add_text(out, "█");
        else err = buf_add_text(out, part[fill]);
    }
    if (err != 0) return err;
    return buf_add_text(out, "▏");
}

/* Which numbers are shown; fewer on a narrow terminal. */
enum progress_detail { ALL, NO_SPEED, NO_BYTES, PERCENT, DETAILS };

static int
add_byte_counts(uint64_t done, uint64_t total, struct buf *out) {
    int err = 0;
    if (total > 0) err = buf_add_text(out, "  ");
    if (err == 0) err = progress_bytes(done, out);
    if (err == 0 && total > 0) err = buf_add_text(out, " of ");
    if (err == 0 && total > 0) return progress_bytes(total, out);
    return err;
}

/* Append the numbers after the bar: "62 %  2.5 GiB of 4.0 GiB  118.0 MiB/s  0:13 left". */
static int
add_numbers(uint64_t done, uint64_t total, uint64_t speed, enum progress_detail detail,
            struct buf *out) {
    int err = 0;
    if (total > 0) err = buf_printf(out, "%3u %%", (unsigned)(done * 100 / total));
    if (err == 0 && (total == 0 || detail < NO_BYTES)) err = add_byte_counts(done, total, out);
    if (err != 0 || speed == 0) return err;

    if (detail < NO_SPEED) {
        err = buf_add_text(out, "  ");
        if (err == 0) err = progress_bytes(speed, out);
        if (err == 0) err = buf_add_text(out, "/s");
    }
    if (err != 0 || total == 0 || done >= total || detail >= PERCENT) return err;
    err = buf_add_text(out, "  ");
    if (err == 0) err = progress_time((total - done + speed - 1) / speed, out);
    if (err != 0) return err;
    return buf_add_text(out, " left");
}

/* Append ${label} in at most ${room} columns. */
static int
add_label(const char *label, size_t room, struct buf *out) {
    size_t len = strlen(label), n = 0, seen = 0;
    if (text_columns(label, len) <= room) return buf_add(out, label, len);
    while (n < len && seen + 1 < room) {
        n++;
        while (n < len && ((uint8_t)label[n] & 0xc0) == 0x80)
            n++;
        seen++;
    }

    int err = buf_add(out, label, n);
    if (err != 0) return err;
    return buf_add_text(out, progress_is_ascii ? "." : "…");
}

/* Return the cells of a bar between ${label} and ${numbers} columns; 0 if there is no room for one.
 * The bar keeps its length while the numbers grow, as long as they fit. */
static size_t
bar_cells(size_t label, size_t numbers, size_t width) {
    size_t taken = label + (numbers > NUMBERS_ROOM ? numbers : NUMBERS_ROOM) + AROUND_BAR;
    size_t cells = width > taken ? width - taken : 0;
    if (cells < BAR_MIN && width >= numbers + AROUND_BAR + BAR_MIN) cells = BAR_MIN;
    return cells > BAR_MAX ? BAR_MAX : cells;
}

int
progress_line(const char *label, uint64_t done, uint64_t total, uint64_t speed, unsigned width,
              struct buf *out) {
    struct buf numbers = BUF_INIT(LINE_MAX);
    size_t used = SIZE_MAX;
    int err = 0;
    if (done > total && total > 0) done = total;

    /* Show as many numbers as fit, then the bar, then the label. */
    for (int detail = ALL; detail < DETAILS && err == 0 && used > width; detail++) {
        buf_reset(&numbers);
        err = add_numbers(done, total, speed, (enum progress_detail)detail, &numbers);
        used = text_columns((const char *)numbers.data, numbers.len);
    }
    size_t cells = 0, taken = used + 2;
    if (total > 0) cells = bar_cells(text_columns(label, strlen(label)), used, width);
    if (cells > 0) taken += cells + 4;
    size_t room = width > taken ? width - taken : 0;

    if (err == 0 && room >= LABEL_MIN) err = add_label(label, room, out);
    if (err == 0 && room >= LABEL_MIN) err = buf_add_text(out, "  ");
    if (err == 0 && cells > 0) err = add_bar(done, total, cells, out);
    if (err == 0 && cells > 0) err = buf_add_text(out, "  ");
    if (err == 0) err = buf_add(out, numbers.data, numbers.len);
    buf_free(&numbers);
    return err;
}

void
progress_begin(struct progress *p, const char *label, uint64_t total, bool shown) {
    *p = (struct progress){.label = label, .total = total, .shown = shown};
    p->started_ms = clock_monotonic_ms();
}

void
progress_scale(struct progress *p, uint64_t content) {
    p->content = content;
}

/* Return ${bytes} as ${p} shows them. */
static uint64_t
scaled_bytes(const struct progress *p, uint64_t bytes) {
    if (p->content == 0 || p->total == 0) return bytes;
    return (uint64_t)((double)bytes / (double)p->total * (double)p->content);
}

/* Append to ${out} what moves the cursor to where the line of ${columns} columns begins, which was
 * drawn on a terminal that is now ${width} columns wide, and erases it. */
static int
add_erasure(unsigned columns, unsigned width, struct buf *out) {
    unsigned above = columns > width ? (columns - 1) / width : 0;
    if (above == 0) return buf_add_text(out, "\r");
    progress_wrapped = true;
    return buf_printf(out, "\033[%uA\r\033[J", above);
}

void
progress_draw(struct progress *p) {
    struct buf line = BUF_INIT(LINE_MAX);
    int64_t now = clock_monotonic_ms(), ran = now - p->started_ms;
    if (!p->shown || ran < FIRST_AFTER_MS) return;
    if (p->drawn_ms != 0 && now - p->drawn_ms < DRAW_EVERY_MS) return;
    p->drawn_ms = now;

    uint64_t done = atomic_load(&p->done), speed = 0;
    if (ran >= SPEED_AFTER_MS && done > p->begun_with)
        speed = (done - p->begun_with) * 1000 / (uint64_t)ran;

    /* Replace the line that was drawn last. */
    unsigned width = terminal_width();
    int err = add_erasure(p->columns, width, &line);
    size_t before = line.len;
    if (err == 0)
        err = progress_line(p->label, scaled_bytes(p, done), scaled_bytes(p, p->total),
                            scaled_bytes(p, speed), width - EDGE, &line);
    p->columns = (unsigned)text_columns((const char *)line.data + before, line.len - before);
    if (err == 0) err = buf_add_text(&line, "\033[K");
    if (err == 0) (void)!write(STDERR_FILENO, line.data, line.len);
    buf_free(&line);
}

void
progress_end(struct progress *p) {
    struct buf line = BUF_INIT(LINE_MAX);
    if (p->shown && p->drawn_ms != 0 && add_erasure(p->columns, terminal_width(), &line) == 0 &&
        buf_add_text(&line, "\033[K") == 0)
        (void)!write(STDERR_FILENO, line.data, line.len);
    buf_free(&line);
    p->drawn_ms = 0;
    p->columns = 0;
}

bool
progress_was_wrapped(void) {
    return progress_wrapped;
}
