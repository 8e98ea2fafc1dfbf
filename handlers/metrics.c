/*
 * /metrics: what the processes of this host have counted, and what the database holds.
 */
#include "metrics/metrics.h"

#include <string.h>

#include "base/log.h"
#include "base/version.h"
#include "commit.h"
#include "domain/inventory.h"
#include "domain/scrape.h"
#include "http/app.h"
#include "store/users.h"

enum part {
    PART_PROCESS,
    PART_INVENTORY
};

enum metrics_query_field {
    METRICS_PART
};

struct metrics_query {
    uint64_t present;
    int part; /* enum part; not given: both */
};

static const char *const part_names[] = {"process", "inventory", NULL};
static const struct field query_fields[] = {
    [METRICS_PART] = F_ENUM(struct metrics_query, part, F_OPTIONAL, part_names),
};
static const struct schema query_schema = SCHEMA_PATCH(struct metrics_query, query_fields, NULL);

static const struct metric build = {"tracegate_build_info", "The release", METRIC_GAUGE,
    .labels = {"component", "version", "commit"}};

static bool
wants(const struct metrics_query *in, enum part part)
{
    return !field_present(in->present, METRICS_PART) || in->part == (int)part;
}

static void
release(void *sum)
{
    metrics_free(sum);
}

/* NULL on failure. */
static const char *
process_text(struct req *req, size_t *size, struct err *err)
{
    struct metrics *sum = metrics_new();

    arena_defer(req->arena, release, sum);
    if (*req->turn.settings->metrics_dir != '\0' &&
        !metrics_read(req->turn.settings->metrics_dir, sum, err))
        return NULL;
    metrics_set(sum, &build, 1, "api", TG_VERSION, TG_COMMIT);
    return metrics_text(sum, req->arena, size);
}

/* Where both parts are asked for, one without the other is better than none. */
static bool
show(struct req *req, struct err *err)
{
    const struct metrics_query *in = req->in_query;
    const char *process = NULL, *inventory = NULL;
    size_t process_size = 0, inventory_size = 0;

    if (wants(in, PART_PROCESS))
        process = process_text(req, &process_size, err);
    if (wants(in, PART_INVENTORY))
        inventory = inventory_text(&req->turn, req->state, &inventory_size, err);
    if (process == NULL && inventory == NULL)
        return false;
    char *text = arena_alloc(req->arena, process_size + inventory_size + 1);
    if (process != NULL)
        memcpy(text, process, process_size);
    if (inventory != NULL)
        memcpy(text + process_size, inventory, inventory_size);
    return reply_bytes(req, METRICS_TYPE, text, process_size + inventory_size);
}

static bool
show_targets(struct req *req, struct err *err)
{
    struct list targets;

    return scrape_targets(&req->turn, &targets, err) &&
        reply_list(req, &targets, (int64_t)targets.count, NULL);
}

static void *
start(const struct settings *settings, struct arena *arena)
{
    (void)settings; /* for those who read some once */
    return inventory_new(arena);
}

static const struct route routes[] = {
    {"GET", "", "metrics:read", show, 200, .query = &query_schema, .media = "text/plain"},
    {"GET", "/targets", "metrics:read", show_targets, 200, LIST, .answer = &scrape_target_schema},
};

const struct app handler_app = {"metrics", "/metrics", routes, COUNT(routes),
    .request_ms = REQUEST_LONG_MS, .rank = ROLE_ADMIN, .open = start};
