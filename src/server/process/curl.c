/* SPDX-License-Identifier: MIT */
#include "server/process/curl.h"

/* Without the macros of curl.h, which have the names of functions. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdarg.h>

#include "base/err.h"

#define LIBRARY "libcurl.so.4"

/* libcurl 8.0 made the address constant that curl_url_get() reads. */
#if LIBCURL_VERSION_NUM >= 0x080000
#define URL_READ const CURLU
#else
#define URL_READ CURLU
#endif

/* The type of the last argument, from the number of an option. */
#define OPTION_TYPE(option) ((option) / 10000 * 10000)

/* What the server calls.  A server that calls more does not link. */
/* clang-format off */
#define FUNCTIONS(of_each)        \
    of_each(curl_easy_cleanup)    \
    of_each(curl_easy_getinfo)    \
    of_each(curl_easy_header)     \
    of_each(curl_easy_init)       \
    of_each(curl_easy_perform)    \
    of_each(curl_easy_reset)      \
    of_each(curl_easy_setopt)     \
    of_each(curl_easy_strerror)   \
    of_each(curl_free)            \
    of_each(curl_global_init_mem) \
    of_each(curl_slist_append)    \
    of_each(curl_slist_free_all)  \
    of_each(curl_url)             \
    of_each(curl_url_cleanup)     \
    of_each(curl_url_get)         \
    of_each(curl_url_set)
/* clang-format on */

#define MEMBER(name)  __typeof__(name) *(name);
#define POINTER(name) {#name, (void **)&library.name},

#undef curl_easy_setopt
#undef curl_easy_getinfo

static struct {
    bool loaded;
    FUNCTIONS(MEMBER)
} library;

int
curl_load(struct buf *reason) {
    static const struct {
        const char *name;
        void **function;
    } all[] = {FUNCTIONS(POINTER)};
    if (library.loaded) return 0;

    /* Never closed: the process uses it to its end. */
    void *handle = dlopen(LIBRARY, RTLD_NOW);
    bool ok = handle != NULL;
    for (size_t i = 0; ok && i < ARRAY_LEN(all); i++) {
        *all[i].function = dlsym(handle, all[i].name);
        ok = *all[i].function != NULL;
    }
    if (!ok) {
        (void)!buf_printf(reason, "cannot load " LIBRARY ": %.200s", dlerror());
        return ERR_IO;
    }
    library.loaded = true;
    return 0;
}

static bool
is_loaded(void) {
    struct buf reason = BUF_INIT(512);
    int err = curl_load(&reason);
    buf_free(&reason);
    return err == 0;
}

/* These are called first, so they load the library. */

CURLcode
curl_global_init_mem(long flags, curl_malloc_callback m, curl_free_callback f,
                     curl_realloc_callback r, curl_strdup_callback s, curl_calloc_callback c) {
    if (!is_loaded()) return CURLE_FAILED_INIT;
    return library.curl_global_init_mem(flags, m, f, r, s, c);
}

CURLU *
curl_url(void) {
    return is_loaded() ? library.curl_url() : NULL;
}

/* These may be called with NULL before the library is loaded. */

void
curl_free(void *p) {
    if (p != NULL) library.curl_free(p);
}

void
curl_url_cleanup(CURLU *url) {
    if (url != NULL) library.curl_url_cleanup(url);
}

/* These need what one of the first two has made or set up. */

CURL *
curl_easy_init(void) {
    return library.curl_easy_init();
}

void
curl_easy_cleanup(CURL *curl) {
    library.curl_easy_cleanup(curl);
}

void
curl_easy_reset(CURL *curl) {
    library.curl_easy_reset(curl);
}

CURLcode
curl_easy_perform(CURL *curl) {
    return library.curl_easy_perform(curl);
}

const char *
curl_easy_strerror(CURLcode code) {
    return library.curl_easy_strerror(code);
}

CURLcode
curl_easy_setopt(CURL *curl, CURLoption option, ...) {
    CURLcode code;
    va_list args;
    va_start(args, option);

    if (OPTION_TYPE(option) == CURLOPTTYPE_LONG) {
        long number = va_arg(args, long);
        code = library.curl_easy_setopt(curl, option, number);
    } else if (OPTION_TYPE(option) == CURLOPTTYPE_OFF_T) {
        curl_off_t length = va_arg(args, curl_off_t);
        code = library.curl_easy_setopt(curl, option, length);
    } else {
        void *pointer = va_arg(args, void *);
        code = library.curl_easy_setopt(curl, option, pointer);
    }

    va_end(args);
    return code;
}

CURLcode
curl_easy_getinfo(CURL *curl, CURLINFO info, ...) {
    va_list args;
    va_start(args, info);
    CURLcode code = library.curl_easy_getinfo(curl, info, va_arg(args, void *));
    va_end(args);
    return code;
}

CURLHcode
curl_easy_header(CURL *curl, const char *name, size_t index, unsigned origin, int request,
                 struct curl_header **out) {
    return library.curl_easy_header(curl, name, index, origin, request, out);
}

struct curl_slist *
curl_slist_append(struct curl_slist *list, const char *text) {
    return library.curl_slist_append(list, text);
}

void
curl_slist_free_all(struct curl_slist *list) {
    library.curl_slist_free_all(list);
}

CURLUcode
curl_url_get(URL_READ *url, CURLUPart part, char **out, unsigned flags) {
    return library.curl_url_get(url, part, out, flags);
}

CURLUcode
curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned flags) {
    return library.curl_url_set(url, part, text, flags);
}
