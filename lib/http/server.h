/*
 * The HTTP server of daemons: apps, the same tables as the handlers', on libevent's loop.
 *
 *     const struct app *const apps[] = {&agent_app, NULL};
 *     const struct server_options options = {.apps = apps, .state = &agent,
 *         .turn.settings = &settings, .host = "127.0.0.1", .port = 8070};
 *
 *     return server_open(base, &options, &agent.server, err);
 *
 * A path belongs to the first app whose prefix it begins with. Scopes are not known here: an app
 * with routes that are not public has an `admit` function (struct app). A route may answer later
 * (reply_later).
 */
#ifndef TG_HTTP_SERVER_H
#define TG_HTTP_SERVER_H

#include "http/app.h"

struct event_base;
struct server;

struct server_options {
    const struct app *const *apps; /* up to NULL; live as long as the server */
    void *state;                   /* becomes req->state */
    struct turn turn;              /* the requests' turns start from it */

    const char *path; /* of a unix socket, mode 0600, replaced when it is there; or: */
    const char *host; /* "127.0.0.1" */
    int port;         /* 0: the kernel chooses, see server_port() */

    /* PEM files. cert NULL: no TLS. ca NULL: no certificate is asked of clients, else one that it
     * has signed is required. */
    const char *cert, *key, *ca;

    int idle_seconds;  /* a connection without a whole request; 0 is 75 */
    int later_seconds; /* until reply_later() is 503; 0 is 30 */
};

/* Listens. The caller owns *server. ERR_SETTINGS with the reason. */
bool server_open(struct event_base *base, const struct server_options *options,
    struct server **server, struct err *err) MUST_CHECK;

int server_port(const struct server *server);

/* Takes no new connections; what runs is still answered, each connection is closed after it. */
void server_drain(struct server *server);

/* Requests whose answer is still to come. */
size_t server_busy(const struct server *server);

/* Ends all, answers that were to come later included. NULL is ignored. */
void server_free(struct server *server);

#endif
