#include "store/health.h"

#include "http/app.h"

enum {
    STATUS_UNREADY = 503
};

struct health {
    const char *status;
};

static const struct field health_fields[] = {
    F_TEXT(struct health, status, F_REQUIRED, 1, 16),
};
static const struct schema health_schema = SCHEMA(struct health, health_fields);

struct readiness {
    const char *status, *database, *migration;
    struct opt_int outbox_oldest_seconds;
};

static const struct field readiness_fields[] = {
    F_TEXT(struct readiness, status, F_REQUIRED, 1, 16),
    F_TEXT(struct readiness, database, F_REQUIRED, 1, 16),
    F_TEXT(struct readiness, migration, F_REQUIRED, 1, 16),
    F_OPT_INT(struct readiness, outbox_oldest_seconds, 0, 0, INT64_MAX),
};
static const struct schema readiness_schema = SCHEMA(struct readiness, readiness_fields);

static bool
show_health(struct req *req, struct err *err)
{
    (void)err; /* nothing can go wrong */
    return reply(req, &(struct health){"ok"});
}

static bool
show_readiness(struct req *req, struct err *err)
{
    struct database_health health = {0};
    bool there = health_get(req->turn.db, &health, err);
    bool ready = there && health.migrated;
    const struct readiness readiness = {
        .status = ready ? "ok" : "unready",
        .database = there ? "ok" : "away",
        .migration = ready ? "ok"
            : there        ? "behind"
                           : "unknown",
        .outbox_oldest_seconds = health.outbox_oldest_seconds,
    };

    reply(req, &readiness);
    req->answer.status = ready ? 200 : STATUS_UNREADY;
    return true;
}

static const struct route routes[] = {
    {"GET", "", "", show_health, 200, .answer = &health_schema},
    {"GET", "/ready", "", show_readiness, 200, .answer = &readiness_schema, .also = STATUS_UNREADY},
};

const struct app handler_app = {"health", "/health", routes, COUNT(routes)};
