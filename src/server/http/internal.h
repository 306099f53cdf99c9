/* SPDX-License-Identifier: MIT */
/*
 * What the files of the HTTP server share.  daemon.c starts and stops it.  accept.c takes
 * connections.  conn.c has their bytes and deadlines.  request.c has the way of a request, work.c
 * its part at the API, held.c the memory that it holds, and response.c sends the response.
 */
#ifndef SERVER_HTTP_INTERNAL_H
#define SERVER_HTTP_INTERNAL_H

#include <stdatomic.h>

#include "base/jobs.h"
#include "server/http/budget.h"
#include "server/http/chunks.h"
#include "server/http/daemon.h"
#include "server/http/head.h"
#include "server/http/loop.h"
#include "server/http/request_log.h"
#include "server/http/senders.h"

enum {
    CONN_IDLE_MS = 75 * 1000,     /* between requests; longer than proxies keep a connection */
    CONN_HEADER_MS = 10 * 1000,   /* for a head, from the connection or from its first byte */
    CONN_TRANSFER_MS = 15 * 1000, /* for a small body or a response, in addition to its bytes */
    CONN_BYTES_PER_MS = 8,        /* slowest accepted rate of a client: 8 KiB/s (senders.h) */
    CONN_RESPONSES = 4,           /* responses to one client that may share this rate */
    CONN_BODY_SMALL = 16 * 1024,  /* bodies up to this length have deadlines of their own, and are
                                     not checked before they come */
    CONN_BODY_MS = 60 * 1000,     /* for a larger one, in addition to its bytes */
    CONN_BODY_MS_PER_BYTE = 2,    /* slowest accepted rate of one of several: 512 B/s */

    DAEMON_CLOSED = 1 << 30, /* in daemon.running: no request begins any more */
    IO_SCRATCH = 16 * 1024,
    IO_DATE = 32,
};

/* A listening socket.  Only the first I/O thread uses it. */
struct listening {
    struct watched watched;
    struct daemon *daemon;
    struct daemon_listener listener;
    int64_t rests_until; /* monotonic ms; 0 while it is watched */
    int64_t reported_ms; /* when a failure was logged; 0 if never */
};

/* An I/O thread.  No other thread uses what belongs to it. */
struct io {
    struct daemon *daemon;
    struct loop *loop;
    struct conn *oldest, *newest; /* its connections, in the order in which they came */
    struct conn *closed;          /* to be freed when the round is over */
    int64_t look_ms;              /* when to look at the deadlines again */
    struct buf head;              /* of the response that is being written */
    int64_t date_s;               /* the time that ${date} is */
    char date[IO_DATE];
    bool dirty;               /* a handler has run: its stack is to be wiped */
    char scratch[IO_SCRATCH]; /* for chunks, and for bytes that are dropped */
};

struct daemon {
    struct daemon_config config;
    struct listening listening[DAEMON_LISTENERS_MAX];
    struct io *ios;
    struct jobs *workers; /* for what may block */
    struct senders *senders;
    struct budget *clients;   /* connections, and requests through proxies */
    struct budget *lingering; /* places of connections that linger */
    struct budget *bodies;
    struct budget *responses; /* to requests that use something up */
    struct budget *downloads; /* to GET and HEAD, which can be repeated */
    struct request_log *log;
    atomic_bool stopping;
    atomic_uint waiting; /* requests in stage WAITING */
    atomic_uint running; /* requests between their head and the end of their response */
    atomic_uint open;    /* connections, but for those that linger */
    atomic_uint fresh;   /* of these: no request has come yet */
    atomic_uint kept;    /* of these: they may stay open after a response */
    unsigned most;       /* open at once since memory was given back; the first I/O thread's */
    unsigned next;       /* I/O thread of the next connection; the first I/O thread's */
    struct job trim;
    atomic_bool trimming; /* ${trim} runs */
};

enum stage {
    STAGE_HEAD,      /* between two requests, or the head is arriving */
    STAGE_CHECKING,  /* a worker asks whether the body is welcome */
    STAGE_BODY,      /* the body is arriving */
    STAGE_WORKING,   /* a worker makes the response */
    STAGE_WAITING,   /* the response follows a write of the store */
    STAGE_SENDING,   /* the response is being sent */
    STAGE_LINGERING, /* the response was sent, what still comes is dropped */
    STAGE_CLOSED,    /* and not freed yet */
};

/* What an attempt to go on with a connection came to. */
enum next {
    NEXT_GO_ON, /* there is more to do */
    NEXT_LATER, /* the same, after others have had their turn */
    NEXT_WAIT,  /* for an event, or for a worker */
    NEXT_CLOSE,
};

/*
 * A connection and its request, which follow one another.  Only its I/O thread uses it.  In stages
 * CHECKING and WORKING a worker has the request, and in stage WAITING the store posts ${task}.
 */
struct conn {
    struct watched watched;
    struct task task;
    struct job job;
    struct io *io;
    const struct daemon_listener *listener;
    struct conn *before, *after; /* in the list of its I/O thread */
    struct conn *next_closed;
    int fd;
    enum stage stage;
    bool readable; /* there may be bytes to read */
    bool writable; /* there may be room to write */
    bool hung;     /* the client has ended its side, or the connection is broken */
    bool queued;   /* ${task} is the loop's */
    bool counted;  /* in daemon->clients */
    bool fresh;    /* in daemon->fresh */
    bool kept;     /* in daemon->kept */
    bool placed;   /* in daemon->lingering */
    struct http_address peer;
    int64_t deadline;      /* of the stage, in monotonic ms; 0 for none */
    struct sender *sender; /* of the large body that is arriving, or NULL */
    uint64_t dropped;      /* bytes, while it lingers */
    struct buf input;      /* what has come of the head, and what came with it */

    /* The request. */
    int64_t began_us; /* 0: none has begun */
    struct head head;
    size_t taken; /* bytes of ${input} that are its own */
    struct chunks chunks;
    bool running;         /* counted in daemon->running */
    bool shared;          /* counted in daemon->clients, because a trusted proxy sent it */
    bool welcome;         /* what the worker found in stage CHECKING */
    bool complete;        /* all of the request has come */
    bool ends;            /* the connection ends with the response */
    size_t body_held;     /* bytes of the budget for bodies */
    size_t response_held; /* bytes of the budget for its response */
    struct api_admission admission;
    struct api_later later;
    struct http_request http;
    struct http_response response;
    struct buf output; /* head of the response, if it could not be sent at once */
    size_t head_len;   /* bytes of the response's head */
    size_t sent;       /* bytes of its head and body that were sent, without those of a pipe */
};

/* The connection whose ${member} is at ${pointer}. */
#define conn_of(pointer, member) ((struct conn *)((char *)(pointer)-offsetof(struct conn, member)))

/* --- accept.c --- */

/* Accept connections of ${listener}, number ${i} of ${d}.  Returns 0 or ERR_IO. */
MUST_CHECK
int accept_begin(struct daemon *d, unsigned i);

/* Accept again where it was paused long enough.  Returns milliseconds as loop_config.tick. */
int accept_tick(struct daemon *d, int64_t now_ms);

/* --- conn.c --- */

/* Take connection ${fd} of ${peer}, or close it if a limit is reached or memory is short. */
void conn_open(struct daemon *d, const struct daemon_listener *listener, int fd,
               struct http_address peer);

/* End the request of ${c}, if there is one, and close ${c}. */
void conn_close(struct conn *c);

/* Close every connection of ${io} and free it.  Its thread has ended. */
void conn_close_all(struct io *io);

/* Free what was closed in this round, and once a second close what is late.  Returns milliseconds
 * as loop_config.tick. */
int conn_tick(struct io *io, int64_t now_ms);

/* Receive up to ${room} bytes to ${to}.  Returns how many came; 0 if there are none yet; -1 if
 * there will be none. */
ssize_t conn_receive(struct conn *c, void *to, size_t room);

/* Give ${c} ${ms} from now for its next step; 0 for no limit. */
void conn_allow(struct conn *c, int64_t ms);

/* As conn_allow(), unless it already has less time. */
void conn_hurry(struct conn *c, int64_t ms);

/* A body of ${len} bytes begins, until conn_body_ends().  Sets its deadline and, if it is large,
 * that of all bodies of the client. */
void conn_body_begins(struct conn *c, uint64_t len);

/* ${bytes} more of the body have come, which gives it time for more. */
void conn_body_received(struct conn *c, uint64_t bytes);

/* The body is complete, or was not: no pace holds for it any more. */
void conn_body_ends(struct conn *c);

/* Count the request of ${c}, if it comes through a trusted proxy, until conn_uncount_request().
 * Returns whether it fits into the shares of connections of its client and its network.  Where the
 * proxy names no client, but at most another trusted proxy, only the network's share counts. */
MUST_CHECK
bool conn_count_request(struct conn *c);

/* The request has ended. */
void conn_uncount_request(struct conn *c);

/* Whether ${c} may stay open after its response.  Their number is limited. */
bool conn_keep(struct conn *c);

/*
 * The response was sent while the client may still send: closing the socket now would reset the
 * connection, and the response could be lost with it.  End our side, then drop what comes until the
 * client closes, for at most 10 s and 64 MiB.  Returns NEXT_CLOSE if too many linger, of all or of
 * the client.
 */
enum next conn_linger(struct conn *c);

/* Drop what has come on ${c}, which lingers. */
enum next conn_drop(struct conn *c);

/* --- held.c: the memory that a request holds of the budgets --- */

/* http_response.reserve: hold ${bytes} for the response of ${conn} before it is made, in place of
 * what was held before. */
int held_reserve(void *conn, uint64_t bytes);

/*
 * Hold the finished response until its reader has it.  What was reserved for it and is not needed
 * is given back.  Where nothing was reserved, a response that can be repeated is refused if there
 * is no room; any other one is small and is sent, because what it used up cannot be given back.
 */
void held_keep_response(struct conn *c);

/* Give back what was held for the response. */
void held_release_response(struct conn *c);

/* Hold ${len} bytes for the body in place of fewer; false if the budget is used up. */
bool held_take_body(struct conn *c, size_t len);

/* Wipe the body and give back what was held for it.  The memory of a small one stays for the
 * next. */
void held_release_body(struct conn *c);

/* --- work.c --- */

/* Ask whether the body of ${c} is welcome, then go on with request_expect_body() or
 * request_respond_early(). */
enum next work_check(struct conn *c);

/* All of the request of ${c} has come: let the API handle it, then go on with request_respond(). */
enum next work_handle(struct conn *c);

/* ${c} has been in stage WAITING for too long: respond that the store is late. */
void work_late(struct conn *c);

/* --- request.c --- */

/* Let the body come if there is memory for it. */
enum next request_expect_body(struct conn *c);

/* Send the response, which is complete. */
enum next request_respond(struct conn *c);

/* Respond before the body was read.  If there is one, the connection ends with the response. */
enum next request_respond_early(struct conn *c);

/* Go on with ${c} after what another thread did came to ${next}. */
void request_go_on(struct conn *c, enum next next);

/* Go on with ${c} as far as it goes, and close it if that is the end. */
void request_advance(struct conn *c);

/* The request of ${c} has ended, with all of its response sent or not: log it, and give back and
 * wipe what it held. */
void request_end(struct conn *c, bool sent);

/* --- response.c --- */

/* How long the body of the response of ${c} is, before any of it is sent. */
size_t response_body_len(const struct conn *c);

/* Begin to send the response of ${c}; it ends the connection if c->ends. */
enum next response_send(struct conn *c);

/* Send more of it.  NEXT_GO_ON: all was sent. */
enum next response_send_more(struct conn *c);

/* Tell the client to send its body. */
enum next response_continue(struct conn *c);

#endif
