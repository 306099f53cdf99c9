/* SPDX-License-Identifier: MIT */
#include "ctl/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text/base64.h"
#include "base/text/json.h"
#include "ctl/ctl.h"

enum { FILE_MAX = 1024 };

static int
complain_place(const char *path, const char *what) {
    ctl_error("%s %s: %s", path, what, strerrordesc_np(errno));
    return ERR_IO;
}

/* Read the ${len} characters at ${text} into ${out}.  Returns whether they are a place. */
static bool
parse_place(const char *text, size_t len, struct place *out) {
    json_t *o = json_parse_object(text, len);
    const json_t *hash = json_object_get(o, "hash"), *number = json_object_get(o, "number");
    const char *parked = json_string_value(json_object_get(o, "parked"));

    bool ok = json_is_string(hash) && json_is_integer(number) &&
              base64_decode_exact(BASE64_URL, json_string_value(hash), json_string_length(hash),
                                  out->hash, sizeof(out->hash)) == 0;
    out->number = json_integer_value(number);
    if (parked != NULL) (void)snprintf(out->parked, sizeof(out->parked), "%s", parked);
    json_decref(o);
    return ok && out->number >= 0;
}

int
place_load(const char *path, struct place *out) {
    char text[FILE_MAX];
    *out = (struct place){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return 0;
    if (fd < 0) return complain_place(path, "cannot be opened");

    ssize_t len = read(fd, text, sizeof(text));
    (void)close(fd);
    if (len < 0) return complain_place(path, "cannot be read");
    out->found = true;
    if (parse_place(text, (size_t)len, out)) return 0;
    ctl_error("%s is no place of secretsctl forward", path);
    return ERR_INVALID;
}

/* Write ${text} to a new file at ${path}, durably.  Returns whether that succeeded. */
static bool
write_file(const char *path, const struct buf *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    bool written = write(fd, text->data, text->len) == (ssize_t)text->len && fsync(fd) == 0;
    return close(fd) == 0 && written;
}

/* Make the name of the file at ${path} durable. */
static bool
sync_place_name(const char *path) {
    char dir[PLACE_PATH_MAX];
    (void)snprintf(dir, sizeof(dir), "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash == NULL) (void)snprintf(dir, sizeof(dir), ".");
    else slash[slash == dir] = '\0';

    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) (void)close(fd);
    return ok;
}

int
place_save(const char *path, const struct place *place) {
    char temporary[PLACE_PATH_MAX + 8], hash[2 * AUDIT_HASH_LEN];
    struct buf text = BUF_INIT(FILE_MAX);
    (void)snprintf(temporary, sizeof(temporary), "%s.new", path);
    base64_encode_text(BASE64_URL, place->hash, sizeof(place->hash), hash);
    json_t *o = json_pack("{s:I, s:s}", "number", (json_int_t)place->number, "hash", hash);
    bool ok = o != NULL;
    if (ok && place->parked[0] != '\0') {
        json_t *why = json_string(place->parked); /* NULL if it is no UTF-8 */
        if (why == NULL) why = json_string("for a reason that is no text");
        ok = json_object_set_new(o, "parked", why) == 0;
    }

    /* The order is a promise: the old place or the new one is there after a crash, and whole. */
    ok = ok && json_write(o, &text) == 0 && buf_add_byte(&text, '\n') == 0 &&
         write_file(temporary, &text) && rename(temporary, path) == 0 && sync_place_name(path);
    json_decref(o);
    buf_free(&text);
    return ok ? 0 : complain_place(path, "cannot be written");
}
