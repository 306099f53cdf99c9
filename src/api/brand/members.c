/* SPDX-License-Identifier: MIT */
#include "api/brand/colour.h"
#include "api/brand/internal.h"
#include "base/err.h"
#include "base/text/utf8.h"

enum {
    NAME_MAX_CHARS = 60,
    NOTE_MAX_CHARS = 300,
    LINK_MAX_CHARS = 40,
    LINKS_MAX = 5,
    ADDRESS_MAX = 1024,
    MAIL_NAME_MAX = 64,
    MAIL_HOST_MAX = 190,
    TAG_MAX = 35, /* RFC 5646, 4.4.1 */
};

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

/* Say in ${reason} what ${member} has to be. */
static int
refuse_member(struct buf *reason, const char *member, const char *expected) {
    (void)!buf_printf(reason, "%s: expected %s", member, expected);
    return ERR_CONFIG;
}

/* The text of ${value}, or NULL if it is none or has a NUL inside. */
static const char *
plain_text(const json_t *value) {
    const char *text = json_string_value(value);
    if (text == NULL || strlen(text) != json_string_length(value)) return NULL;
    return text;
}

/* Whether ${value} is a text of 1 to ${max} characters, none of which is a control character. */
static bool
is_short_text(const json_t *value, size_t max) {
    const char *text = plain_text(value);
    size_t len = json_string_length(value), chars = 0;
    if (text == NULL || utf8_has_control(text, len)) return false;

    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80) chars++;
    return chars >= 1 && chars <= max;
}

static bool
is_language(const char *tag) {
    size_t len = strlen(tag);
    return len >= 2 && len <= TAG_MAX && strspn(tag, LETTERS DIGITS "-") == len;
}

/* Whether ${value} is such a text, or an object with one by language. */
static bool
is_text_by_language(json_t *value, size_t max) {
    const char *tag;
    json_t *text;
    if (!json_is_object(value)) return is_short_text(value, max);

    json_object_foreach(value, tag, text) {
        if (!is_language(tag) || !is_short_text(text, max)) return false;
    }
    return json_object_size(value) > 0;
}

/* Whether ${text} may be part of an address: visible ASCII that needs no escaping. */
static bool
is_address_text(const char *text) {
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~') return false;
    return len > 0 && len <= ADDRESS_MAX && strpbrk(text, "\"<>\\^`{|}") == NULL;
}

static bool
begins_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0 && text[strlen(start)] != '\0';
}

static int
check_name(json_t *value, struct buf *reason) {
    if (is_short_text(value, NAME_MAX_CHARS)) return 0;
    return refuse_member(reason, "name", "a text of 1 to 60 characters");
}

/* Check the accent of one theme, and name a colour that would do. */
static int
check_theme(const json_t *accent, const char *name, enum colour_theme theme, struct buf *reason) {
    const char *text = plain_text(json_object_get(accent, name));
    struct colour c;
    if (text == NULL || colour_parse(text, &c) != 0) {
        (void)!buf_printf(reason, "accent.%s: expected a colour such as \"#14608f\"", name);
        return ERR_CONFIG;
    }

    double contrast = colour_readability(c, theme);
    if (contrast >= COLOUR_CONTRAST_MIN) return 0;
    struct colour better = colour_readable(c, theme);
    (void)!buf_printf(reason,
                      "accent.%s: %.7s cannot be read on the %s page: contrast %.2f, at least 4.5 "
                      "is required; #%02x%02x%02x would do",
                      name, text, name, contrast, better.red, better.green, better.blue);
    return ERR_CONFIG;
}

static int
check_accent(json_t *value, struct buf *reason) {
    if (!json_is_object(value) || json_object_size(value) != 2)
        return refuse_member(reason, "accent",
                             "{\"light\": \"#rrggbb\", \"dark\": \"#rrggbb\"}, since no colour can "
                             "be read in both themes");
    int err = check_theme(value, "light", COLOUR_LIGHT, reason);
    if (err == 0) err = check_theme(value, "dark", COLOUR_DARK, reason);
    return err;
}

static int
check_logo(json_t *value, struct buf *reason) {
    const char *name = plain_text(value);
    size_t len = json_string_length(value);
    bool plain = name != NULL && len > 4 && len <= BRAND_LOGO_NAME_MAX && name[0] != '.' &&
                 strspn(name, LETTERS DIGITS "._-") == len;
    if (plain && (strcmp(name + len - 4, ".svg") == 0 || strcmp(name + len - 4, ".png") == 0))
        return 0;
    return refuse_member(reason, "logo", "the name of a file in this folder, *.svg or *.png");
}

static int
check_note(json_t *value, struct buf *reason) {
    if (is_text_by_language(value, NOTE_MAX_CHARS)) return 0;
    return refuse_member(reason, "note",
                         "a text of 1 to 300 characters, or one by language: {\"en\": \"...\"}");
}

static bool
is_link(json_t *link) {
    const char *href = plain_text(json_object_get(link, "href"));
    if (href == NULL || json_object_size(link) != 2 || !is_address_text(href)) return false;
    if (!begins_with(href, "https://") && !begins_with(href, "mailto:")) return false;
    return is_text_by_language(json_object_get(link, "text"), LINK_MAX_CHARS);
}

static int
check_links(json_t *value, struct buf *reason) {
    size_t i;
    json_t *link;
    bool fits = json_is_array(value) && json_array_size(value) <= LINKS_MAX;
    if (!fits) return refuse_member(reason, "links", "an array of at most 5 links");

    json_array_foreach(value, i, link) {
        if (is_link(link)) continue;
        (void)!buf_printf(reason,
                          "links[%zu]: expected {\"href\": \"https://...\" or \"mailto:...\", "
                          "\"text\": ...} with a text of 1 to 40 characters, or one by language",
                          i);
        return ERR_CONFIG;
    }
    return 0;
}

static int
check_report(json_t *value, struct buf *reason) {
    const char *mail = plain_text(value);
    size_t name = 0, host = 0;
    if (mail != NULL) name = strspn(mail, LETTERS DIGITS "._+-");
    if (name > 0 && mail[name] == '@') host = strspn(mail + name + 1, LETTERS DIGITS "._-");

    bool whole = host > 0 && mail[name + 1 + host] == '\0';
    if (whole && name <= MAIL_NAME_MAX && host <= MAIL_HOST_MAX) return 0;
    return refuse_member(reason, "report", "a mail address such as \"abuse@example.org\"");
}

static int
check_sign_in(json_t *value, struct buf *reason) {
    const char *address = plain_text(value);
    bool good = address != NULL && is_address_text(address);
    if (good && begins_with(address, "https://")) return 0;
    if (good && address[0] == '/' && address[1] != '/') return 0;
    return refuse_member(reason, "sign_in",
                         "an address that begins with https://, or a path such as "
                         "\"/oauth2/start?rd=/\"");
}

static const struct member {
    const char *name;
    bool required;
    int (*check)(json_t *value, struct buf *reason);
} members[] = {
    {"name", true, check_name},        {"accent", false, check_accent},
    {"logo", false, check_logo},       {"note", false, check_note},
    {"links", false, check_links},     {"report", false, check_report},
    {"sign_in", false, check_sign_in},
};

static bool
is_member(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (strcmp(members[i].name, name) == 0) return true;
    return false;
}

int
brand_check(const json_t *brand, struct buf *reason) {
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)brand, name, value) {
        if (is_member(name)) continue;
        (void)!buf_printf(reason, "there is no member of this name: %.40s", name);
        return ERR_CONFIG;
    }

    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        value = json_object_get(brand, members[i].name);
        if (value == NULL && !members[i].required) continue;
        int err = members[i].check(value, reason);
        if (err != 0) return err;
    }
    return 0;
}
