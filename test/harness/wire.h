/*
 * The calls of a table over HTTP. When the environment's TEST_WIRE is the number of a file
 * descriptor, whoever holds its other end (test/e2e/tables) makes the requests to the program as it
 * runs behind nginx: a request is a line of JSON, with the settings and the database that it is
 * meant for; so is what comes back.
 */
#ifndef TG_TEST_WIRE_H
#define TG_TEST_WIRE_H

#include "harness/call.h"

bool wire_is_there(void);

/* In place of app_serve(): fills req->answer. */
void wire_serve(const struct app *app, const struct call *call, const struct settings *settings,
    struct req *req);

#endif
