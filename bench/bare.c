/* SPDX-License-Identifier: MIT */
/*
 * Plain libmicrohttpd, for comparison: reads a request of any kind and answers ${BYTES} bytes.
 *
 *   bare BYTES THREADS      prints its port, serves until its input ends
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <unistd.h>

#include "base/text/parse.h"

static enum MHD_Result
answer(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *upload, size_t *upload_len, void **state) {
    static int seen;
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    if (*state == NULL) {
        *state = &seen;
        return MHD_YES;
    }
    if (*upload_len > 0) {
        *upload_len = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, arg);
}

int
main(int argc, char *argv[]) {
    static char body[65536];
    int64_t len, threads;
    char end;
    if (argc != 3 || parse_number(argv[1], strlen(argv[1]), 1, sizeof(body), &len) != 0 ||
        parse_number(argv[2], strlen(argv[2]), 2, 64, &threads) != 0)
        return 2;
    memset(body, 'x', sizeof(body));
    struct MHD_Response *response =
        MHD_create_response_from_buffer((size_t)len, body, MHD_RESPMEM_PERSISTENT);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO, 0, NULL, NULL, answer,
                         response, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)threads,
                         MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at, MHD_OPTION_END);
    if (daemon == NULL) return 1;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    (void)printf("%d\n", info->port);
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0)
        continue;
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
