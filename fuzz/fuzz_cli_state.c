/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the records that the CLI keeps between runs.  The first byte chooses the kind.  The
 * records are read, listed, pruned and forgotten.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "cli/local/state.h"
#include "scratch.h"

#define ID     "AAAAAAAAAAAAAAAAAAAAAA"
#define FUTURE INT64_C(4000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct state state;
static char parent[STATE_PATH_MAX / 2];
static char canary[STATE_PATH_MAX];

static void
write_file(const char *path, const void *data, size_t len) {
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0) abort();
}

static void
remove_all(void) {
    scratch_remove(parent);
}

static void
set_up(void) {
    scratch_make(parent);
    json_setup();
    (void)snprintf(state.dir, sizeof(state.dir), "%s/state", parent);
    (void)snprintf(canary, sizeof(canary), "%s/canary", parent);
    write_file(canary, "", 0);
    for (int kind = STATE_OWNED; kind <= STATE_DOWNLOAD; kind++)
        if (state_make_dir(&state, (enum state_kind)kind) != 0) abort();
    if (atexit(remove_all) != 0) abort();
}

static int
count_upload(void *ctx, json_t *record) {
    if (!json_is_object(record)) abort();
    ++*(int *)ctx;
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char path[STATE_PATH_MAX];
    struct stat at;
    int uploads = 0;
    if (state.dir[0] == '\0') set_up();
    if (len == 0) return 0;

    enum state_kind kind = (enum state_kind)(data[0] % 3);
    state_path(&state, kind, ID, ".json", path);
    write_file(path, data + 1, len - 1);
    if (chmod(path, 0600) != 0) abort();

    json_t *record = state_load(&state, kind, ID);
    if (record != NULL && !json_is_object(record)) abort();
    json_decref(record);
    (void)state_each(&state, STATE_UPLOAD, count_upload, &uploads);
    if (kind != STATE_UPLOAD && uploads != 0) abort();

    /* A record may name an unfinished download, which has the suffix ".part", but no other file. */
    state_prune(&state, FUTURE);
    state_forget(&state, kind, ID);
    if (stat(canary, &at) != 0) abort();
    return 0;
}
