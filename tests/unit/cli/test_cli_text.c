/* SPDX-License-Identifier: MIT */
/* The client's small parts that make or read text: names, progress, durations, settings,
 * QR codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text/json.h"
#include "base/text/utf8.h"
#include "cli/config.h"
#include "cli/local/name.h"
#include "cli/local/nfc.h"
#include "cli/options.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/qr.h"
#include "cli/terminal/terminal.h"

static void
test_names(void **state) {
    static const char *const table[][2] = {
        {"plain.txt", "plain.txt"},
        {"../../x", "x"},
        {"/etc/passwd", "passwd"},
        {"C:\\a\\b.exe", "b.exe"},
        {".hidden", "_hidden"},
        {"..", "secret"},
        {".", "secret"},
        {"", "secret"},
        {"a/", "secret"},
        {"-rf", "_rf"},
        {"~root", "_root"},
        {"a\tb\x7f", "a_b_"},
        {"x\xe2\x80\xaegpj", "x_gpj"},
        {"x\xe2\x80\x8by", "x_y"},
        {"\xff\xfe", "__"},
        {"\xc3\xbc \xe6\x97\xa5.pdf", "\xc3\xbc \xe6\x97\xa5.pdf"},
        {"end. . ", "end"},
        {"a\xc2\x85"
         "b",
         "a_b"},
        {" lead", "_lead"},
        {"a:b*?", "a:b*?"},

        /* What shows nothing does not hide the suffix. */
        {"a.pdf\u3164\u3164.exe", "a.pdf__.exe"},
        {"a\u00adb\u034fc\u115fd\u180ee", "a_b_c_d_e"},
        {"a\u2800b\ufeffc\u2028d\uffa0e", "a_b_c_d_e"},
        {"a\U000e0041b\U0001d173c\U000e0fffd", "a_b_c_d"},
        {"a.pdf\u200d\u200c.exe", "a.pdf__.exe"},
        {"a.pdf\ufe0f.exe", "a.pdf_.exe"},
        {"\u0645\u200c\u200c.exe", "\u0645__.exe"},
        {"a.pdf\u00a0\u2003\u3000.exe", "a.pdf   .exe"},

        /* Joiners and selectors of words and of pictures stay. */
        {"\u0645\u06cc\u200c\u062e\u0648.txt", "\u0645\u06cc\u200c\u062e\u0648.txt"},
        {"\U0001f468\u200d\U0001f469.png", "\U0001f468\u200d\U0001f469.png"},
        {"\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"},
        {"1\ufe0f\u20e3.png", "1\ufe0f\u20e3.png"},
        {"\u845b\U000e0100", "\u845b\U000e0100"},
    };
    char out[NAME_LEN_MAX + 1], big[600];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        name_sanitise(table[i][0], strlen(table[i][0]), out);
        assert_string_equal(out, table[i][1]);
    }
    name_sanitise("a\0b", 3, out);
    assert_string_equal(out, "a_b");
    /* 200 characters of 3 bytes: cut between characters. */
    for (size_t i = 0; i < 600; i++)
        big[i] = "\xe6\x97\xa5"[i % 3];
    name_sanitise(big, sizeof(big), out);
    assert_int_equal(strlen(out), 255);
    assert_true(utf8_valid(out, strlen(out)));
}

/* Whatever bytes come, the name is one that can be kept. */
static void
test_any_name_is_safe(void **state) {
    char in[64], out[NAME_LEN_MAX + 1];
    uint32_t x = 1;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof(in); i++) {
            x = x * 1664525 + 1013904223;
            in[i] = (char)(x >> 24);
        }
        name_sanitise(in, (size_t)round % sizeof(in), out);
        size_t len = strlen(out);
        assert_in_range(len, 1, NAME_LEN_MAX);
        assert_true(utf8_valid(out, len));
        assert_false(utf8_has_control(out, len));
        assert_null(strpbrk(out, "/\\"));
        assert_null(strchr(".-~ ", out[0]));
    }
}

static void
test_name_variants(void **state) {
    char out[NAME_LEN_MAX + 1], big[NAME_LEN_MAX + 1];
    (void)state;
    name_variant("a.txt", 1, out);
    assert_string_equal(out, "a-1.txt");
    name_variant("noext", 12, out);
    assert_string_equal(out, "noext-12");
    memset(big, 'x', NAME_LEN_MAX);
    memcpy(big + NAME_LEN_MAX - 4, ".bin", 5);
    name_variant(big, 3, out);
    assert_int_equal(strlen(out), NAME_LEN_MAX);
    assert_string_equal(out + NAME_LEN_MAX - 6, "-3.bin");
}

static void
assert_bytes(uint64_t n, const char *want) {
    struct buf b = BUF_INIT(100);
    assert_int_equal(progress_bytes(n, &b), 0);
    assert_string_equal(buf_text(&b), want);
    buf_free(&b);
}

static void
test_progress_numbers(void **state) {
    struct buf b = BUF_INIT(100);
    (void)state;
    assert_bytes(0, "0 B");
    assert_bytes(1023, "1023 B");
    assert_bytes(1024, "1.0 KiB");
    assert_bytes(1048575, "1.0 MiB");
    assert_bytes(4294967296, "4.0 GiB");
    assert_bytes(UINT64_MAX, "16384.0 PiB");
    assert_int_equal(progress_time(7, &b), 0);
    assert_int_equal(buf_add_byte(&b, ' '), 0);
    assert_int_equal(progress_time(750, &b), 0);
    assert_int_equal(buf_add_byte(&b, ' '), 0);
    assert_int_equal(progress_time(11100, &b), 0);
    assert_string_equal(buf_text(&b), "0:07 12:30 3:05:00");
    buf_free(&b);
}

static size_t
columns(const struct buf *b) {
    size_t n = 0;
    for (size_t i = 0; i < b->len; i++)
        n += (b->data[i] & 0xc0) != 0x80;
    return n;
}

static void
test_progress_line_fits(void **state) {
    static const uint64_t totals[] = {409600, 4ULL << 30, 1000ULL << 30};
    struct buf b = BUF_INIT(2000);
    (void)state;
    for (unsigned width = 7; width < 200; width++) {
        for (unsigned i = 0; i < 3 * 21; i++) {
            uint64_t total = totals[i / 21], done = total / 100 * (i % 21) * 5;
            buf_reset(&b);
            assert_int_equal(progress_line("Sending", done, total, total / 12345, width, &b), 0);
            assert_true(columns(&b) <= width);
            assert_true(utf8_valid((char *)b.data, b.len));
            assert_non_null(strstr(buf_text(&b), " %"));
        }
    }
    buf_reset(&b);
    assert_int_equal(progress_line("Sending", 50, 100, 10, 100, &b), 0);
    assert_non_null(strstr(buf_text(&b), " 50 %  50 B of 100 B  10 B/s  0:05 left"));
    buf_reset(&b);
    assert_int_equal(progress_line("Encrypting", 50, 0, 10, 100, &b), 0);
    assert_string_equal(buf_text(&b), "Encrypting  50 B  10 B/s");
    /* Where it is narrow, the time left matters most. */
    buf_reset(&b);
    assert_int_equal(progress_line("Sending", 50, 100, 10, 32, &b), 0);
    assert_string_equal(buf_text(&b), " 50 %  50 B of 100 B  0:05 left");
    buf_reset(&b);
    assert_int_equal(progress_line("Sending", 50, 100, 10, 18, &b), 0);
    assert_string_equal(buf_text(&b), " 50 %  0:05 left");
    buf_reset(&b);
    assert_int_equal(progress_line("Sending", 50, 100, 10, 7, &b), 0);
    assert_string_equal(buf_text(&b), " 50 %");
    buf_free(&b);
}

static void
test_durations(void **state) {
    static const char *const bad[] = {"", "s", "1", "1y", "-1s", "1.5h", "1 h", "h1", "99999999d"};
    int64_t n = 0;
    (void)state;
    assert_int_equal(options_duration("90s", 3, &n), 0);
    assert_int_equal(n, 90);
    assert_int_equal(options_duration("2w", 2, &n), 0);
    assert_int_equal(n, 14 * 86400);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(options_duration(bad[i], strlen(bad[i]), &n), ERR_INVALID);
}

static void
test_config(void **state) {
    static const char good[] = "# a comment\n\n server=https://h\r\nviews = 3\n\tttl = 1h";
    static const struct {
        const char *text;
        unsigned line;
    } bad[] = {{"server", 1},      {"\nserver = h", 2},       {"views = 0", 1}, {"views = 101", 1},
               {"\n\nttl = 5", 3}, {"sever = https://h/", 1}, {"= x", 1},       {"server =", 1}};
    struct config c;
    unsigned line = 0;
    (void)state;
    assert_int_equal(config_parse(good, sizeof(good) - 1, &c, &line), 0);
    assert_string_equal(c.server, "https://h/");
    assert_int_equal(c.views, 3);
    assert_int_equal(c.ttl, 3600);
    assert_int_equal(config_parse("", 0, &c, &line), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(config_parse(bad[i].text, strlen(bad[i].text), &c, &line), ERR_CONFIG);
        assert_int_equal(line, bad[i].line);
    }
}

static void
test_terminal_escapes(void **state) {
    static const char *const table[][2] = {
        {"plain\n\ttext", "plain\n\ttext"},
        {"a\x1b[2Jb", "a^[[2Jb"},
        {"\r\x7f", "^M^?"},
        {"\xc2\x9b"
         "31m",
         "<U+009B>31m"},
        {"a\xe2\x80\xae"
         "b",
         "a<U+202E>b"},
        {"\xc3\xbc", "\xc3\xbc"},
        {"p\u200bw\ufeff\u2028\U000e0041", "p<U+200B>w<U+FEFF><U+2028><U+E0041>"},
        {"\u0645\u200c\u062e \u2764\ufe0f", "\u0645\u200c\u062e \u2764\ufe0f"},
        {"x\x9b\xff", "x??"},
    };
    struct buf b = BUF_INIT(100);
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        buf_reset(&b);
        assert_int_equal(terminal_escape((const uint8_t *)table[i][0], strlen(table[i][0]), &b), 0);
        assert_string_equal(buf_text(&b), table[i][1]);
    }
    buf_free(&b);
}

static void
assert_nfc(const char *in, const char *want) {
    struct buf b = BUF_INIT(4096);
    assert_int_equal(buf_add_text(&b, in), 0);
    assert_int_equal(nfc_normalise(&b), 0);
    assert_string_equal(buf_text(&b), want);
    buf_free(&b);
}

/* Write the UTF-8 of ${c} to ${out}. */
static size_t
put_utf8(uint32_t c, char *out) {
    size_t n = 1;
    if (c >= 0x80) n = 2;
    if (c >= 0x800) n = 3;
    if (c >= 0x10000) n = 4;
    if (n == 1) {
        out[0] = (char)c;
        return 1;
    }

    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(0xf00 >> n | c);
    return n;
}

/* Default_Ignorable_Code_Point of Unicode 14.0.0, which is the same in 16.0.0. */
static const uint32_t ignorable[][2] = {
    {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},   {0x115f, 0x1160}, {0x17b4, 0x17b5},
    {0x180b, 0x180f},   {0x200b, 0x200f},   {0x202a, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},
    {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0}, {0xfff0, 0xfff8}, {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

/* Whether a text that is shown must show ${c} by its number. */
static bool
hides_or_controls(uint32_t c) {
    for (size_t i = 0; i < ARRAY_LEN(ignorable); i++)
        if (c >= ignorable[i][0] && c <= ignorable[i][1]) return true;
    return (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || (c >= 0xfff9 && c <= 0xfffb) ||
           c == 0x2800;
}

/* Every character between two of ASCII reaches the terminal as it is, or by its number. */
static void
test_every_control_is_escaped(void **state) {
    struct buf shown = BUF_INIT(100), json = BUF_INIT(100);
    (void)state;
    for (uint32_t c = 0x20; c < 0x110000; c++) {
        char text[8] = "\"";
        if (c == '"' || c == '\\' || (c >= 0xd800 && c < 0xe000)) continue;
        size_t len = 1 + put_utf8(c, text + 1);
        text[len] = '"';
        buf_reset(&shown);
        buf_reset(&json);
        assert_int_equal(terminal_escape((const uint8_t *)text, len + 1, &shown), 0);
        assert_int_equal(terminal_escape_json((const uint8_t *)text, len + 1, &json), 0);
        assert_int_equal(buf_equals(&shown, text, len + 1), !hides_or_controls(c));
        assert_int_equal(buf_equals(&json, text, len + 1), !hides_or_controls(c));

        /* The JSON still means the same. */
        json_t *value = json_loadb((const char *)json.data, json.len, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        assert_int_equal(json_string_length(value), len - 1);
        assert_memory_equal(json_string_value(value), text + 1, len - 1);
        json_decref(value);
    }
    buf_free(&shown);
    buf_free(&json);
}

static void
test_normalisation(void **state) {
    struct buf b = BUF_INIT(4096);
    (void)state;
    assert_nfc("plain", "plain");
    assert_nfc("e\xcc\x81", "\xc3\xa9");
    assert_nfc("\xe2\x84\xab", "\xc3\x85");                             /* angstrom sign */
    assert_nfc("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c"); /* Hangul */
    assert_nfc("", "");
    assert_int_equal(buf_add(&b, "\xff", 1), 0);
    assert_int_equal(nfc_normalise(&b), ERR_INVALID);
    buf_free(&b);
}

/* Without UTF-8 a bar has the same width, and no byte beyond ASCII. */
static void
test_ascii_progress(void **state) {
    struct buf utf8 = BUF_INIT(1024), ascii = BUF_INIT(1024);
    (void)state;
    for (unsigned width = 20; width < 120; width++) {
        size_t columns = 0;
        buf_reset(&utf8);
        buf_reset(&ascii);
        assert_int_equal(progress_line("Encrypting", 50, 100, 10, width, &utf8), 0);
        progress_setup(false);
        assert_int_equal(progress_line("Encrypting", 50, 100, 10, width, &ascii), 0);
        progress_setup(true);
        for (size_t i = 0; i < utf8.len; i++)
            columns += (utf8.data[i] & 0xc0) != 0x80;
        assert_int_equal(ascii.len, columns);
        for (size_t i = 0; i < ascii.len; i++)
            assert_true(ascii.data[i] < 0x80);
    }
    buf_free(&utf8);
    buf_free(&ascii);
}

/* The columns of the first line of ${b}: half blocks have three bytes. */
static size_t
columns_of(const struct buf *b) {
    size_t n = 0;
    for (size_t i = 0; b->data[i] != '\n'; i++)
        n += (b->data[i] & 0xc0) != 0x80;
    return n;
}

static size_t
lines_of(const struct buf *b) {
    size_t n = 0;
    for (size_t i = 0; i < b->len; i++)
        n += b->data[i] == '\n';
    return n;
}

static void
test_qr(void **state) {
    struct buf b = BUF_INIT(64 * 1024);
    struct qr_style style = {.utf8 = true, .width = 80};
    static char big[4000], link[80];
    (void)state;
    assert_int_equal(qr_draw("https://h/#x", &style, &b), 0);
    assert_in_range(lines_of(&b), 12, 16);
    buf_reset(&b);
    memset(big, 'x', sizeof(big) - 1);
    style.width = 1000;
    assert_int_equal(qr_draw(big, &style, &b), ERR_TOO_LARGE);

    /* Half of a code is none: 21 modules and the narrowest quiet zone need 23 columns. */
    style.width = 22;
    assert_int_equal(qr_draw("x", &style, &b), ERR_TOO_LARGE);
    assert_int_equal(b.len, 0);
    static const unsigned widths[][2] = {{23, 23}, {24, 23}, {25, 25}, {26, 25}};
    for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
        style.width = widths[i][0];
        assert_int_equal(qr_draw("x", &style, &b), 0);
        assert_int_equal(columns_of(&b), widths[i][1]);
        buf_reset(&b);
    }

    /* A usual link fits into a phone's terminal. */
    memset(link, 'x', sizeof(link) - 1);
    style.width = 40;
    assert_int_equal(qr_draw(link, &style, &b), 0);
    assert_int_equal(columns_of(&b), 39);
    buf_free(&b);
}

/* Without UTF-8 nothing but ASCII is drawn, with modules of two columns. */
static void
test_qr_in_ascii(void **state) {
    struct buf b = BUF_INIT(64 * 1024);
    struct qr_style style = {.width = 50};
    (void)state;
    for (int colour = 0; colour <= 1; colour++) {
        style.colour = colour == 1;
        buf_reset(&b);
        assert_int_equal(qr_draw("x", &style, &b), 0);
        assert_int_equal(lines_of(&b), 25);
        for (size_t i = 0; i < b.len; i++)
            assert_true(b.data[i] < 0x80);
        if (!style.colour) assert_int_equal(columns_of(&b), 50);
    }
    style.width = 45;
    buf_reset(&b);
    assert_int_equal(qr_draw("x", &style, &b), ERR_TOO_LARGE);
    buf_free(&b);
}

int
main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_any_name_is_safe),
        cmocka_unit_test(test_name_variants),
        cmocka_unit_test(test_progress_numbers),
        cmocka_unit_test(test_progress_line_fits),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_config),
        cmocka_unit_test(test_terminal_escapes),
        cmocka_unit_test(test_every_control_is_escaped),
        cmocka_unit_test(test_normalisation),
        cmocka_unit_test(test_ascii_progress),
        cmocka_unit_test(test_qr),
        cmocka_unit_test(test_qr_in_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
