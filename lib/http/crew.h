/*
 * The workers of a handler: threads of one process, each with its own database connection, its own
 * state and its own counts. What they share (settings, catalogue, route tables) is only read.
 */
#ifndef TG_HTTP_CREW_H
#define TG_HTTP_CREW_H

#include "http/app.h"

enum {
    WORKERS_MAX = 64
};

/* Serve the socket at file descriptor 0 with so many workers until SIGTERM or SIGINT; requests that
 * are running are answered first. Called before the process has another thread. */
bool crew_serve(
    const struct app *app, const struct turn *turn, size_t workers, struct err *err) MUST_CHECK;

#endif
