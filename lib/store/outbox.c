#include "store/outbox.h"

#include "store/event_columns.h"

const char *const event_status_names[] = {
    [EVENT_PENDING] = "pending", [EVENT_SENT] = "sent", [EVENT_FAILED] = "failed", NULL};

const char *const event_type_names[] = {"APPLY_BUNDLE", "UPSERT_USER", "REVOKE_USER",
    "REVOKE_CONNECTION", "WG_PEER_UPSERT", "WG_PEER_REMOVE", NULL};

static const struct field event_fields[] = {EVENT_FIELDS};

const struct schema event_schema = SCHEMA(struct event, event_fields);

/* A row that is being inserted has no generation yet and so cannot have been sent. */
static const struct query OUTBOX_INSERT = {
    .name = "outbox_insert",
    .sql = "insert into outbox_event (stream_id, event_type, component, aggregate_id, ver, revokes,"
           " idempotency_key, request_id, actor)"
           " select s.stream_id, $3::outbox_event_type, $4::text, $5::text, $6::bigint, $7::bool,"
           " concat_ws(':', $3, r.role, $5, $6), $1::text, $2::text"
           " from string_to_table($8::text, ' ') with ordinality as r (role, place)"
           " join outbox_stream s on s.name = 'role:' || r.role order by r.place"
           " returning id, gen, event_type, split_part(idempotency_key, ':', 2) as role_target,"
           " aggregate_id, ver, idempotency_key, 'pending' as status, created_at, request_id",
    .row = &event_schema,
};

bool
outbox_insert(struct db *db, const struct actor *actor, const struct change *change,
    struct list *events, struct err *err)
{
    return db_all(db, &OUTBOX_INSERT,
        DB_ARGS(arg_text(actor->request_id), arg_text(actor->token_name),
            arg_text(change->event_type), arg_text(change->component),
            arg_text(change->aggregate_id), arg_int(change->ver), arg_bool(change->revokes),
            arg_text(change->roles)),
        events, err);
}

struct db_arg
arg_actor(const struct actor *actor)
{
    return arg_opt_int((struct opt_int){actor->telegram_id != 0, actor->telegram_id});
}
