#include "store/bot_messages.h"

#include "schema/cursor.h"
#include "store/outbox.h"

static const struct field message_fields[] = {
    F_UUID(struct bot_message, id, F_REQUIRED),
    F_INT(struct bot_message, telegram_id, F_REQUIRED, 1, INT64_MAX),
    F_INT(struct bot_message, chat_id, F_REQUIRED, INT64_MIN, INT64_MAX),
    F_INT(struct bot_message, message_id, F_REQUIRED, INT64_MIN, INT64_MAX),
    F_UUID(struct bot_message, connection_id, F_NULLABLE),
    F_UUID(struct bot_message, device_id, F_NULLABLE),
    F_UUID(struct bot_message, revision_id, F_NULLABLE),
    F_TIME(struct bot_message, removed_at, F_NULLABLE),
    F_TIME(struct bot_message, created_at, F_REQUIRED),
};
const struct schema bot_message_schema = SCHEMA(struct bot_message, message_fields);

/* Chats of groups have negative ids. */
static const struct field new_fields[] = {
    F_INT(struct bot_message_new, telegram_id, F_REQUIRED, 1, INT64_MAX),
    F_INT(struct bot_message_new, chat_id, F_REQUIRED, INT64_MIN, INT64_MAX),
    F_INT(struct bot_message_new, message_id, F_REQUIRED, 1, INT64_MAX),
    F_UUID(struct bot_message_new, connection_id, F_NULLABLE),
    F_UUID(struct bot_message_new, device_id, F_NULLABLE),
    F_UUID(struct bot_message_new, revision_id, F_NULLABLE),
};
const struct schema bot_message_new_schema = SCHEMA(struct bot_message_new, new_fields);

#define FILTER_FIELDS                                                                              \
    F_OPT_INT(struct bot_message_filter, telegram_id, F_OPTIONAL, 1, INT64_MAX),                   \
        F_OPT_INT(struct bot_message_filter, chat_id, F_OPTIONAL, INT64_MIN, INT64_MAX),           \
        F_OPT_INT(struct bot_message_filter, message_id, F_OPTIONAL, 1, INT64_MAX),                \
        F_UUID(struct bot_message_filter, connection_id, F_NULLABLE),                              \
        F_UUID(struct bot_message_filter, device_id, F_NULLABLE),                                  \
        F_UUID(struct bot_message_filter, revision_id, F_NULLABLE)

static const struct field filter_fields[] = {FILTER_FIELDS};
const struct schema bot_message_filter_schema = SCHEMA(struct bot_message_filter, filter_fields);

static const struct field query_fields[] = {
    FILTER_FIELDS,
    F_BOOL(struct bot_messages_query, include_removed, F_OPTIONAL),
    F_INT(struct bot_messages_query, limit, F_OPTIONAL, 1, 1000),
    F_CURSOR(struct bot_messages_query, cursor),
};
static const struct bot_messages_query query_defaults = {.limit = 200};
const struct schema bot_messages_query_schema =
    SCHEMA_FROM(struct bot_messages_query, query_fields, &query_defaults);

#define COLUMNS                                                                                    \
    " r.id, r.telegram_id, r.chat_id, r.message_id, r.connection_id, r.device_id, r.revision_id,"  \
    " r.removed_at, r.created_at"

/* $1 to $6: the filter. */
#define MATCHES                                                                                    \
    " ($1::bigint is null or r.telegram_id = $1) and ($2::bigint is null or r.chat_id = $2)"       \
    " and ($3::bigint is null or r.message_id = $3)"                                               \
    " and ($4::uuid is null or r.connection_id = $4)"                                              \
    " and ($5::uuid is null or r.device_id = $5) and ($6::uuid is null or r.revision_id = $6)"

#define FILTER_ARGS(filter)                                                                        \
    arg_opt_int((filter)->telegram_id), arg_opt_int((filter)->chat_id),                            \
        arg_opt_int((filter)->message_id), arg_text((filter)->connection_id),                      \
        arg_text((filter)->device_id), arg_text((filter)->revision_id)

/* Of `from`, which has the id and what it was about; $8 to $10 say who asks. */
#define AUDITED(from, action)                                                                      \
    "audited as (insert into audit_log (request_id, token_name, actor_telegram_id, action,"        \
    " subject, after) select $8, $9, $10::bigint, '" action "', 'bot_message:' || r.id,"           \
    " jsonb_strip_nulls(jsonb_build_object('connection_id', r.connection_id, 'device_id',"         \
    " r.device_id, 'revision_id', r.revision_id)) from " from " r)"

#define ACTOR_ARGS(actor)                                                                          \
    arg_text((actor)->request_id), arg_text((actor)->token_name), arg_actor(actor)

/* -- lists --------------------------------------------------------------------------------- */

static const struct query BOT_MESSAGES_LIST = {
    .name = "bot_messages_list",
    .sql = "select" COLUMNS " from bot_message_ref r where" MATCHES
           " and ($7::bool or r.removed_at is null)"
           " and ($8::timestamptz is null or (r.created_at, r.id) > ($8, $9::uuid))"
           " order by r.created_at, r.id limit $10",
    .plan = PLAN_CUSTOM,
    .row = &bot_message_schema,
};

bool
bot_messages_list(
    struct db *db, const struct bot_messages_query *in, struct list *messages, struct err *err)
{
    return db_all(db, &BOT_MESSAGES_LIST,
        DB_ARGS(FILTER_ARGS(&in->filter), arg_bool(in->include_removed),
            arg_time(in->cursor.created_at), arg_text(cursor_uuid(&in->cursor)),
            arg_int(in->limit + 1)),
        messages, err);
}

struct cursor
bot_message_cursor(const void *record, struct arena *arena)
{
    const struct bot_message *message = record;

    (void)arena; /* for those whose id must be written first */
    return (struct cursor){message->created_at, message->id};
}

/* -- changes ------------------------------------------------------------------------------- */

static const struct query BOT_MESSAGE_PUT = {
    .name = "bot_message_put",
    .sql = "with r as (insert into bot_message_ref (id, telegram_id, chat_id, message_id,"
           " connection_id, device_id, revision_id) values ($7, $1, $2, $3, $4, $5, $6)"
           " on conflict (chat_id, message_id) do update set telegram_id = excluded.telegram_id,"
           " connection_id = excluded.connection_id, device_id = excluded.device_id,"
           " revision_id = excluded.revision_id, removed_at = null, claimed_until = null"
           " returning *), " AUDITED("r", "bot_messages.register") " select" COLUMNS " from r",
    .row = &bot_message_schema,
};

bool
bot_message_put(struct db *db, const struct actor *actor, const struct bot_message_new *in,
    struct bot_message *message, struct err *err)
{
    return db_one(db, &BOT_MESSAGE_PUT,
        DB_ARGS(arg_int(in->telegram_id), arg_int(in->chat_id), arg_int(in->message_id),
            arg_text(in->connection_id), arg_text(in->device_id), arg_text(in->revision_id),
            arg_text(in->id), ACTOR_ARGS(actor)),
        message, err);
}

/* Two at once share the rows: what one has locked the other passes by. */
static const struct query BOT_MESSAGES_CLAIM = {
    .name = "bot_messages_claim",
    .sql =
        "with due as materialized (select r.id from bot_message_ref r where" MATCHES
        " and r.removed_at is null and (r.claimed_until is null or r.claimed_until < now())"
        " order by r.created_at, r.id limit $7 for update skip locked),"
        " claimed as (update bot_message_ref r set claimed_until = now() + interval '1 minute'"
        " from due where r.id = due.id returning r.*),"
        " " AUDITED("claimed", "bot_messages.claim") " select" COLUMNS
                                                     " from claimed r order by r.created_at, r.id",
    .plan = PLAN_CUSTOM,
    .row = &bot_message_schema,
};

enum {
    CLAIM_MAX = 1000
};

bool
bot_messages_claim(struct db *db, const struct actor *actor,
    const struct bot_message_filter *filter, struct list *messages, struct err *err)
{
    return db_all(db, &BOT_MESSAGES_CLAIM,
        DB_ARGS(FILTER_ARGS(filter), arg_int(CLAIM_MAX), ACTOR_ARGS(actor)), messages, err);
}

static const struct query BOT_MESSAGES_REMOVED = {
    .name = "bot_messages_removed",
    .sql = "with gone as (update bot_message_ref r set removed_at = now(), claimed_until = null"
           " from jsonb_array_elements_text($1::jsonb) i (id) where r.id = i.id::uuid"
           " and r.removed_at is null returning r.*)"
           " insert into audit_log (request_id, token_name, actor_telegram_id, action, subject)"
           " select $2, $3, $4::bigint, 'bot_messages.removed', 'bot_message:' || id from gone",
};

bool
bot_messages_removed(struct db *db, const struct actor *actor, const char *ids, struct err *err)
{
    return db_exec(db, &BOT_MESSAGES_REMOVED, DB_ARGS(arg_text(ids), ACTOR_ARGS(actor)), NULL, err);
}
