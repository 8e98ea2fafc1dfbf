/*
 * The outbox: what nodes must be told, one row per role that it concerns, written in the
 * transaction of the change. A row carries no payload: the dispatcher reads the aggregate's state
 * when it sends, so a row says only that something has changed, and up to which version.
 *
 * A change of one aggregate, which has bumped its version under its row lock:
 *
 *     const struct change change = {"APPLY_BUNDLE", "bundle", "base-vps-t", 7, false, "VPS_T"};
 *
 *     return outbox_insert(db, &turn->actor, &change, &events, err);
 *
 * Changes of connections write their rows in the statement that makes the change, however many
 * connections it touches. For those, the OUTBOX_ texts below are the common parts; which role has
 * an inbound for a connection is told by `targets`, the text of domain/target.h.
 */
#ifndef TG_STORE_OUTBOX_H
#define TG_STORE_OUTBOX_H

#include "store/audit.h"

enum event_status {
    EVENT_PENDING,
    EVENT_SENT,
    EVENT_FAILED /* dead on some node */
};

extern const char *const event_status_names[];
extern const char *const event_type_names[];

struct event {
    int64_t id;
    struct opt_int gen; /* null until the dispatcher has numbered it */
    const char *event_type;
    const char *role_target; /* VPS_T or VPS_E */
    const char *aggregate_id;
    int64_t ver;
    const char *idempotency_key;
    int status; /* enum event_status */
    usec_t created_at;
    const char *request_id; /* NULL when no request made it */
};

extern const struct schema event_schema;

struct change {
    const char *event_type; /* APPLY_BUNDLE, UPSERT_USER, ... */
    const char *component;  /* xray, hysteria, wireguard, bundle */
    const char *aggregate_id;
    int64_t ver;
    bool revokes;      /* takes access away */
    const char *roles; /* separated by single spaces: "VPS_T VPS_E" */
};

/* One row per role; the rows as events, in the order of the roles. */
bool outbox_insert(struct db *db, const struct actor *actor, const struct change *change,
    struct list *events, struct err *err) MUST_CHECK;

/* -- parts of statements that change connections -------------------------------------------- */

struct asked {
    const struct actor *actor;
    const char *targets;
};

/* The actor's Telegram id; null when the token acts for itself. */
struct db_arg arg_actor(const struct actor *actor);

/* $1 to $4 of such a statement: request id, token name, actor's Telegram id, targets. */
#define OUTBOX_ASKED                                                                               \
    "asked (request_id, token_name, actor_telegram_id, targets) as"                                \
    " (values ($1::text, $2::text, $3::bigint, $4::jsonb))"

/* The rows of `targets`, of which a statement uses what it needs: jsonb_to_recordset(...) and this.
 */
#define OUTBOX_TARGET                                                                              \
    " as t (protocol text, mode text, role text, component text, upsert text, remove text)"

/* The rows for `changed` (id, protocol, mode, ver, gone, revokes): `gone` says that nothing is left
 * of the access, `revokes` that some of it was taken. */
#define OUTBOX_LOGGED                                                                              \
    "logged as (insert into outbox_event (stream_id, event_type, component, aggregate_id, ver,"    \
    " revokes, idempotency_key, request_id, actor)"                                                \
    " select s.stream_id, e.type::outbox_event_type, t.component, c.id, c.ver, c.revokes,"         \
    " concat_ws(':', e.type, t.role, c.id, c.ver), a.request_id, a.token_name"                     \
    " from changed c cross join asked a"                                                           \
    " cross join jsonb_to_recordset(a.targets)" OUTBOX_TARGET                                      \
    " join outbox_stream s on s.name = 'role:' || t.role"                                          \
    " cross join lateral (select case when c.gone then t.remove else t.upsert end as type) e"      \
    " where t.protocol = c.protocol::text and t.mode = c.mode::text)"

#endif
