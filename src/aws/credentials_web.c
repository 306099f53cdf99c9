/* SPDX-License-Identifier: MIT */
/*
 * Keys for a web identity, as EKS gives it to a service account: the token in a file is exchanged
 * for keys of a role by STS (AssumeRoleWithWebIdentity, which is not signed).
 */
#include <ctype.h>

#include "aws/credentials_source.h"
#include "aws/endpoint.h"
#include "base/err.h"
#include "base/log.h"

enum {
    RESPONSE_MAX = 64 * 1024,
    TEXT_MAX = 3 * AWS_TOKEN_MAX + 4096, /* of the request: every character may be encoded */
    CODE_MAX = 64,
    DEADLINE_MS = 5000,
};

/* Append "&${name}=${value}" to ${out}, percent-encoded. */
static int
add_form_field(const char *name, const char *value, struct buf *out) {
    int err = buf_printf(out, "&%s=", name);
    for (; *value != '\0' && err == 0; value++) {
        unsigned char c = (unsigned char)*value;
        if (isalnum(c) || strchr("-._~", c) != NULL) err = buf_add_byte(out, c);
        else err = buf_printf(out, "%%%02X", c);
    }
    return err;
}

/* Copy the text of the first element ${tag} of ${xml} to ${out}, which has ${room} bytes.  Returns
 * whether it is there and fits. */
static bool
copy_element(struct buf *xml, const char *tag, char *out, size_t room) {
    char opening[32];
    (void)snprintf(opening, sizeof(opening), "<%s>", tag);
    const char *at = strstr(buf_text(xml), opening);
    if (at == NULL) return false;
    at += strlen(opening);
    return aws_credentials_copy(at, strcspn(at, "<&"), out, room);
}

/* Read the response ${xml} of STS into ${out}.  Returns 1 or ERR_STORE. */
static int
read_response(struct buf *xml, struct aws_keys *out) {
    char expiration[40];
    struct tm tm = {0};

    bool ok = copy_element(xml, "AccessKeyId", out->id, sizeof(out->id)) &&
              copy_element(xml, "SecretAccessKey", out->secret, sizeof(out->secret)) &&
              copy_element(xml, "SessionToken", out->token, sizeof(out->token)) &&
              copy_element(xml, "Expiration", expiration, sizeof(expiration)) &&
              strptime(expiration, "%Y-%m-%dT%H:%M:%S", &tm) != NULL;
    if (!ok) return ERR_STORE;
    out->expires = (int64_t)timegm(&tm);
    return 1;
}

/* Log why there are no keys: ${reason}, or the error code in the response ${xml}. */
static int
refuse_identity(const char *reason, struct buf *xml) {
    char code[CODE_MAX];
    if (xml != NULL && copy_element(xml, "Code", code, sizeof(code))) reason = code;
    log_warn("aws.credentials", LOG_TEXT("refused", "AWS_WEB_IDENTITY_TOKEN_FILE"),
             LOG_TEXT("reason", reason));
    return ERR_STORE;
}

/* Send ${form} to STS at ${endpoint} and read the keys of its response into ${out}. */
static int
ask_sts(const struct aws_transport *t, const struct aws_endpoint *endpoint, struct buf *form,
        struct aws_keys *out) {
    struct buf url = BUF_INIT(AWS_URL_MAX + 2);
    struct http_client_response resp = {.body = BUF_INIT(RESPONSE_MAX)};
    struct http_field field = {"Content-Type", "application/x-www-form-urlencoded"};
    int err = buf_printf(&url, "%s/", endpoint->url);
    if (err != 0) goto out;

    struct http_client_request req = {.method = HTTP_POST,
                                      .url = buf_text(&url),
                                      .fields = &field,
                                      .field_count = 1,
                                      .body = form->data,
                                      .body_len = form->len,
                                      .deadline_ms = DEADLINE_MS};

    /* The cause goes to the log, because what follows says only that there are no keys. */
    if (t->send(t->ctx, &req, &resp) != HTTP_FAILURE_NONE)
        err = refuse_identity("STS does not answer", NULL);
    else if (resp.status != 200) err = refuse_identity("STS refuses the token", &resp.body);
    else err = read_response(&resp.body, out);
out:
    buf_free(&url);
    buf_free(&resp.body);
    return err;
}

int
aws_credentials_from_web_identity(const struct aws_credentials_config *o, struct aws_keys *out) {
    const char *file = aws_env_get(&o->env, "AWS_WEB_IDENTITY_TOKEN_FILE");
    const char *role = aws_env_get(&o->env, "AWS_ROLE_ARN");
    const char *session = aws_env_get(&o->env, "AWS_ROLE_SESSION_NAME");
    struct buf token = BUF_INIT(AWS_TOKEN_MAX), form = BUF_INIT(TEXT_MAX);
    struct buf reason = BUF_INIT(256);
    struct aws_endpoint endpoint;
    int err = 0;

    if (file == NULL) return 0;
    if (role == NULL) return refuse_identity("AWS_ROLE_ARN is not set", NULL);
    if (session == NULL) session = "secretsd";
    if (aws_endpoint_find(&o->env, "sts", false, &endpoint, &reason) != 0)
        err = refuse_identity(buf_text(&reason), NULL);

    /* The file is read each time: Kubernetes replaces it before the token expires. */
    if (err == 0 && aws_credentials_read_file(file, &token) != 1)
        err = refuse_identity("the file cannot be read", NULL);
    if (err == 0) err = buf_add_text(&form, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15");
    if (err == 0) err = add_form_field("RoleArn", role, &form);
    if (err == 0) err = add_form_field("RoleSessionName", session, &form);
    if (err == 0) err = add_form_field("WebIdentityToken", buf_text(&token), &form);
    if (err == 0) err = ask_sts(&o->transport, &endpoint, &form, out);

    buf_free(&token);
    buf_free(&form);
    buf_free(&reason);
    return err == 1 ? 1 : ERR_STORE;
}
