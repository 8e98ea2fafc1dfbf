/* What is counted of requests: route patterns and statuses, never a path. */
#ifndef TG_HTTP_COUNT_H
#define TG_HTTP_COUNT_H

#include "http/app.h"

/* The counters of this worker, in the folder that METRICS_DIR names; NULL, and a line in the log,
 * when there can be none: requests are served all the same. */
struct metrics *count_open(const struct app *app, const struct settings *settings);

void count_request(const struct req *req);

/* Whether this worker lives, and whether it has a request. */
void count_worker(const struct app *app, const struct turn *turn, int alive);
void count_busy(const struct app *app, const struct turn *turn, int busy);

/* Counts what the connection's statements take from now on. */
void count_queries(struct db *db, struct metrics *metrics);

#endif
