/* Which route of an app a request is for: the 404 and the 405 of app_serve(). */
#ifndef TG_HTTP_ROUTE_H
#define TG_HTTP_ROUTE_H

#include "http/app.h"

/* Fills req->route. ERR_NO_ROUTE; ERR_METHOD, with the header Allow. */
bool route_find(struct req *req, struct err *err) MUST_CHECK;

#endif
