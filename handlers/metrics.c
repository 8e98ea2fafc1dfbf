#include "metrics/metrics.h"

#include "http/app.h"

/* What the processes of this host have counted. */
enum part {
    PART_PROCESS
};

struct metrics_query {
    int part; /* enum part */
};

static const char *const part_names[] = {"process", NULL};
static const struct field query_fields[] = {
    F_ENUM(struct metrics_query, part, F_OPTIONAL, part_names),
};
static const struct schema query_schema = SCHEMA(struct metrics_query, query_fields);

static void
release(void *sum)
{
    metrics_free(sum);
}

static bool
show(struct req *req, struct err *err)
{
    struct metrics *sum = metrics_new();
    size_t size;

    arena_defer(req->arena, release, sum);
    if (*req->turn.settings->metrics_dir != '\0' &&
        !metrics_read(req->turn.settings->metrics_dir, sum, err))
        return false;
    const char *text = metrics_text(sum, req->arena, &size);
    return reply_bytes(req, METRICS_TYPE, text, size);
}

static const struct route routes[] = {
    {"GET", "", "metrics:read", show, 200, .query = &query_schema, .media = "text/plain"},
};

const struct app handler_app = {"metrics", "/metrics", routes, COUNT(routes)};
