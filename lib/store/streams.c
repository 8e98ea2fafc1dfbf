#include "store/streams.h"

#include "db/listen.h"

#define WORD_MAX 255

static const struct field stream_fields[] = {
    F_INT(struct stream, stream_id, F_REQUIRED, 1, INT16_MAX),
    F_TEXT(struct stream, name, F_REQUIRED, 1, WORD_MAX),
    F_INT(struct stream, gen, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct stream, floor_gen, F_REQUIRED, 0, INT64_MAX),
    F_BOOL(struct stream, waiting, F_REQUIRED),
};

static const struct schema stream_schema = SCHEMA(struct stream, stream_fields);

static const struct query STREAMS_LIST = {
    .name = "streams_list",
    .sql = "select s.stream_id, s.name, s.gen, s.floor_gen, exists (select from outbox_event e"
           " where e.stream_id = s.stream_id and e.gen is null) as waiting"
           " from outbox_stream s order by s.stream_id",
    .row = &stream_schema,
};

bool
streams_list(struct db *db, struct list *streams, struct err *err)
{
    return db_all(db, &STREAMS_LIST, DB_NO_ARGS, streams, err);
}

/* -- numbering ----------------------------------------------------------------------------- */

static const struct query STREAM_SEQUENCE = {
    .name = "stream_sequence",
    .sql = "select s.stream_id, s.name, outbox_sequence(s.stream_id) as gen, s.floor_gen,"
           " false as waiting from outbox_stream s where s.stream_id = $1",
    .row = &stream_schema,
};

bool
stream_sequence(struct db *db, int64_t stream_id, struct stream *stream, struct err *err)
{
    return db_one(db, &STREAM_SEQUENCE, DB_ARGS(arg_int(stream_id)), stream, err);
}

struct waiting {
    int64_t count;
};

static const struct field waiting_fields[] = {
    F_INT(struct waiting, count, F_REQUIRED, 0, INT64_MAX),
};

static const struct schema waiting_schema = SCHEMA(struct waiting, waiting_fields);

static const struct query STREAM_WAITING = {
    .name = "stream_waiting",
    .sql = "select count(*) from (select from outbox_event where stream_id = $1 and gen is null"
           " limit 10000) w",
    .row = &waiting_schema,
};

bool
stream_waiting(struct db *db, int64_t stream_id, int64_t *count, struct err *err)
{
    struct waiting waiting;

    if (!db_one(db, &STREAM_WAITING, DB_ARGS(arg_int(stream_id)), &waiting, err))
        return false;
    *count = waiting.count;
    return true;
}

/* -- the log ------------------------------------------------------------------------------- */

#define AGE "(extract(epoch from clock_timestamp() - created_at) * 1000000)::bigint as age"

static const struct field log_fields[] = {
    F_INT(struct log_event, gen, F_REQUIRED, 1, INT64_MAX),
    F_TEXT(struct log_event, event_type, F_REQUIRED, 1, WORD_MAX),
    F_TEXT(struct log_event, component, F_REQUIRED, 1, WORD_MAX),
    F_TEXT(struct log_event, aggregate_id, F_REQUIRED, 1, 128),
    F_INT(struct log_event, ver, F_REQUIRED, 0, INT64_MAX),
    F_TEXT(struct log_event, idempotency_key, F_REQUIRED, 1, WORD_MAX),
    F_INT(struct log_event, age, F_REQUIRED, INT64_MIN, INT64_MAX),
    F_INT(struct log_event, upto, F_REQUIRED, 1, INT64_MAX),
};

static const struct schema log_schema = SCHEMA(struct log_event, log_fields);

/* A batch ends before the first event of the first key that finds no place in it: so all that is
 * at or below `upto` is in the batch, or superseded by what is in it. */
static const struct query LOG_NEWEST = {
    .name = "log_newest",
    .sql =
        "with r as materialized (select gen, event_type, component, aggregate_id, ver,"
        " idempotency_key, created_at from outbox_event where stream_id = $1 and gen > $2 and gen <= $3"
        " order by gen limit 8 * $4::bigint + 64),"
        " f as (select min(gen) as first from r group by component, aggregate_id order by 1"
        " limit $4::bigint + 1),"
        " cut as materialized (select case when count(*) > $4::bigint then max(first) - 1"
        " else (select max(gen) from r) end as upto from f),"
        " newest as (select distinct on (r.component, r.aggregate_id) r.*, cut.upto from r, cut"
        " where r.gen <= cut.upto order by r.component, r.aggregate_id, r.gen desc)"
        " select newest.*, " AGE " from newest order by gen",
    .row = &log_schema,
};

bool
log_newest(struct db *db, const struct log_range *range, struct list *events, struct err *err)
{
    return db_all(db, &LOG_NEWEST,
        DB_ARGS(arg_int(range->stream_id), arg_int(range->after), arg_int(range->to),
            arg_int(range->keys)),
        events, err);
}

/* -- revocations --------------------------------------------------------------------------- */

static const struct field revocation_fields[] = {
    F_INT(struct revocation, gen, F_REQUIRED, 1, INT64_MAX),
    F_TEXT(struct revocation, component, F_REQUIRED, 1, WORD_MAX),
    F_INT(struct revocation, age, F_REQUIRED, INT64_MIN, INT64_MAX),
};

static const struct schema revocation_schema = SCHEMA(struct revocation, revocation_fields);

static const struct query LOG_REVOCATIONS = {
    .name = "log_revocations",
    .sql = "select gen, component, " AGE
           " from outbox_event where stream_id = $1 and gen > $2 and revokes"
           " order by gen limit $3",
    .row = &revocation_schema,
};

bool
log_revocations(struct db *db, int64_t stream_id, int64_t after, int64_t limit,
    struct list *revocations, struct err *err)
{
    return db_all(db, &LOG_REVOCATIONS, DB_ARGS(arg_int(stream_id), arg_int(after), arg_int(limit)),
        revocations, err);
}

/* -- partitions ---------------------------------------------------------------------------- */

static const struct query PARTITIONS_ENSURE = {
    .name = "partitions_ensure",
    .sql = "select partitions_ahead()",
};

bool
partitions_ensure(struct db *db, struct err *err)
{
    return db_exec(db, &PARTITIONS_ENSURE, DB_NO_ARGS, NULL, err);
}

/* -- waking -------------------------------------------------------------------------------- */

bool
outbox_listen(struct db *db, bool *missed, struct err *err)
{
    static const struct query LISTEN = {.name = "outbox_listen", .sql = "listen outbox"};

    return db_listen(db, &LISTEN, missed, err);
}

bool
outbox_ping(struct db *db, struct err *err)
{
    static const struct query PING = {.name = "outbox_ping", .sql = "select 1"};

    return db_exec(db, &PING, DB_NO_ARGS, NULL, err);
}
