/* SPDX-License-Identifier: MIT */
#include "aws_standins.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text/json.h"

struct aws_standins {
    pid_t pid;
    FILE *to, *from;
    char urls[2][2][128]; /* DynamoDB's and S3's; each as it is, and through faults */
    bool faults;
    struct http_client *client;
    struct aws_credentials *credentials;
};

static const char *
get_variable(void *ctx, const char *name) {
    const struct aws_standins *s = ctx;
    if (strcmp(name, "AWS_ENDPOINT_URL_DYNAMODB") == 0) return s->urls[0][s->faults];
    if (strcmp(name, "AWS_ENDPOINT_URL_S3") == 0) return s->urls[1][s->faults];
    if (strncmp(name, "AWS_", 4) != 0) return NULL;
    /* tools/check-aws brings keys of its own; s3rver accepts only these. */
    char own[64];
    (void)snprintf(own, sizeof(own), "STANDIN_%s", name);
    const char *given = getenv(own);
    if (given != NULL) return given;
    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0) return "S3RVER";
    return strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0 ? "S3RVER" : NULL;
}

static void
read_line(struct aws_standins *s, char *out, size_t room) {
    if (fgets(out, (int)room, s->from) == NULL) {
        (void)fprintf(stderr,
                      "the stand-ins (tests/system/support/aws/standins.mjs) do not answer\n");
        abort();
    }
    out[strcspn(out, "\n")] = '\0';
}

static void
spawn(struct aws_standins *s) {
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) abort();
    s->pid = fork();
    if (s->pid < 0) abort();
    if (s->pid == 0) {
        if (dup2(to[0], 0) < 0 || dup2(from[1], 1) < 0) _exit(127);
        (void)execlp("node", "node", "tests/system/support/aws/standins.mjs", (char *)NULL);
        _exit(127);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    s->to = fdopen(to[1], "w");
    s->from = fdopen(from[0], "r");
    if (s->to == NULL || s->from == NULL) abort();
}

struct aws_standins *
aws_standins_start(void) {
    struct aws_standins *s = calloc(1, sizeof(*s));
    char line[512];
    if (s == NULL) abort();
    json_setup();
    http_client_setup();
    spawn(s);
    read_line(s, line, sizeof(line));
    json_t *o = json_loads(line, 0, NULL);
    if (o == NULL) abort();
    static const char *const names[2][2] = {{"dynamodb", "faultyDynamodb"}, {"s3", "faultyS3"}};
    for (size_t i = 0; i < 4; i++)
        (void)snprintf(s->urls[i / 2][i % 2], sizeof(s->urls[0][0]), "%s",
                       json_string_value(json_object_get(o, names[i / 2][i % 2])));
    json_decref(o);
    struct http_client_options options = {.idle_max = 64};
    s->client = http_client_new(&options);
    struct aws_credentials_config credentials = {aws_standins_env(s), aws_standins_transport(s),
                                                 clock_system};
    s->credentials = aws_credentials_new(&credentials);
    if (s->client == NULL || s->credentials == NULL) abort();
    return s;
}

void
aws_standins_through_faults(struct aws_standins *s, bool faults) {
    s->faults = faults;
}

void
aws_standins_tell(struct aws_standins *s, const char *command, bool print) {
    char line[1024];
    (void)fprintf(s->to, "%s\n", command);
    (void)fflush(s->to);
    read_line(s, line, sizeof(line));
    if (print) (void)printf("%s\n", line);
}

json_t *
aws_standins_ask(struct aws_standins *s, const char *command) {
    char line[1024];
    (void)fprintf(s->to, "%s\n", command);
    (void)fflush(s->to);
    read_line(s, line, sizeof(line));
    json_t *o = json_loads(line, 0, NULL);
    if (o == NULL) abort();
    return o;
}

void
aws_standins_make(struct aws_standins *s, const char *command, char out[static 64]) {
    (void)fprintf(s->to, "%s\n", command);
    (void)fflush(s->to);
    read_line(s, out, 64);
}

struct aws_env
aws_standins_env(struct aws_standins *s) {
    return (struct aws_env){get_variable, s};
}

struct aws_transport
aws_standins_transport(struct aws_standins *s) {
    return aws_transport_http(s->client);
}

enum http_failure
aws_standins_send(void *ctx, const struct http_client_request *req,
                  struct http_client_response *resp) {
    return http_client_send(ctx, req, resp);
}

static void
no_pause(void *ctx, int ms) {
    (void)ctx;
    (void)ms;
}

struct aws_transport
aws_standins_behind(struct aws_standins *s,
                    enum http_failure (*send)(void *ctx, const struct http_client_request *req,
                                              struct http_client_response *resp)) {
    return (struct aws_transport){send, no_pause, s->client};
}

enum http_failure
aws_lose_answer(struct http_client_response *resp) {
    buf_reset(&resp->body);
    resp->status = 0;
    resp->sent = true;
    return HTTP_FAILURE_RESET;
}

const char *
aws_field(const struct http_client_request *req, const char *name) {
    for (size_t i = 0; i < req->field_count; i++)
        if (strcmp(req->fields[i].name, name) == 0) return req->fields[i].value;
    return NULL;
}

struct aws_credentials *
aws_standins_credentials(struct aws_standins *s) {
    return s->credentials;
}

struct aws_service_config
aws_standins_config(struct aws_standins *s) {
    return (struct aws_service_config){.env = aws_standins_env(s),
                                       .credentials = s->credentials,
                                       .transport = aws_standins_transport(s),
                                       .clock = clock_system,
                                       .random = random_system};
}

void
aws_standins_stop(struct aws_standins *s) {
    if (s == NULL) return;
    (void)fclose(s->to);
    (void)fclose(s->from);
    (void)waitpid(s->pid, NULL, 0);
    aws_credentials_free(s->credentials);
    http_client_free(s->client);
    free(s);
}
