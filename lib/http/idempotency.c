#include "http/idempotency.h"

#include <string.h>

#include "base/str.h"
#include "crypto/digest.h"
#include "http/actor.h"
#include "http/problem.h"
#include "schema/read.h"
#include "schema/write.h"
#include "store/idempotency.h"
#include "store/users.h"

/* What is kept of an answer. */
struct kept {
    int64_t status;
    int64_t rank;        /* of the actor: enum user_role */
    const char *type;    /* of the body, or NULL */
    const char *body;    /* as it was sent; NULL when there was none, or only its ids are kept */
    const char *headers; /* an object, name to value */
    const char *ids;     /* the body with nothing left but members called "id", or NULL */
};

static const struct field kept_fields[] = {
    F_INT(struct kept, status, F_REQUIRED, 200, 299),
    F_INT(struct kept, rank, F_OPTIONAL, ROLE_USER, ROLE_SUPERADMIN),
    F_TEXT(struct kept, type, F_NULLABLE, 0, INT32_MAX),
    F_TEXT(struct kept, body, F_NULLABLE, 0, INT32_MAX),
    F_JSON(struct kept, headers, F_REQUIRED),
    F_JSON(struct kept, ids, F_NULLABLE),
};
static const struct schema kept_schema = SCHEMA(struct kept, kept_fields);

/* -- keep ---------------------------------------------------------------------------------- */

/* What makes two requests the same. */
static const char *
hash_of(const struct req *req)
{
    const char *head = arena_printf(req->arena, "%s %s?%s %s\n", req->method, req->path,
        req->query_text, req_header(req, "X-Actor-Telegram-Id"));
    size_t size = strlen(head) + req->body_size;
    char *all = arena_alloc(req->arena, size + 1);
    char *hash = arena_alloc(req->arena, SHA256_HEX_SIZE);

    memcpy(stpcpy(all, head), req->body, req->body_size);
    sha256_hex(all, size, hash);
    return hash;
}

static const char *
headers_of(const struct req *req)
{
    struct json_object *json = json_object_new_object();

    json_adopt(req->arena, json);
    for (size_t i = 0; i < req->answer.header_count; i++) {
        const struct header *header = &req->answer.headers[i];

        if (!str_eq(header->name, "X-Request-Id"))
            json_object_object_add(json, header->name, json_object_new_string(header->value));
    }
    return json_text(json);
}

static struct json_object *
only_ids(struct json_object *from)
{
    struct json_object *ids = json_object_new_object();

    json_object_object_foreach(from, key, value)
    {
        if (json_object_is_type(value, json_type_object))
            json_object_object_add(ids, key, only_ids(value));
        else if (str_eq(key, "id"))
            json_object_object_add(ids, key, json_object_get(value));
    }
    return ids;
}

static bool
ids_of(const struct req *req, const char **ids, struct err *err)
{
    struct json_object *json;

    if (!json_read(req->arena, req->answer.data, req->answer.size, &json) ||
        !json_object_is_type(json, json_type_object))
        return err_say(err, ERR_INTERNAL, "a secret answer without ids");
    json = only_ids(json);
    json_adopt(req->arena, json);
    *ids = json_text(json);
    return true;
}

static bool
keep(struct req *req, const char *hash, struct err *err)
{
    const struct answer *answer = &req->answer;
    bool secret = (req->route->flags & SECRET) != 0;
    struct kept kept = {
        .status = answer->status,
        .rank = req->turn.actor.role,
        .type = answer->type,
        .body = secret || answer->type == NULL ? NULL : answer->data,
        .headers = headers_of(req),
    };

    if (secret && !ids_of(req, &kept.ids, err))
        return false;
    const struct outcome outcome = {hash, write_text(&kept_schema, &kept, req->arena)};
    return idempotency_keep(
        req->turn.db, req->turn.actor.token_id, req->idempotency_key, &outcome, err);
}

/* -- replay -------------------------------------------------------------------------------- */

static bool
read_kept(struct req *req, const char *answer, struct kept *kept, struct err *err)
{
    struct reader reader = {.arena = req->arena, .source = SOURCE_ROW};
    struct json_object *json;

    if (read_document(&reader, answer, strlen(answer), &json))
        read_json(&reader, &kept_schema, json, kept);
    return reader.faults == NULL || err_say(err, ERR_INTERNAL, "a kept answer breaks its schema");
}

static bool
restore_headers(struct req *req, const struct kept *kept, struct err *err)
{
    struct json_object *json;

    if (kept->headers == NULL ||
        !json_read(req->arena, kept->headers, strlen(kept->headers), &json) ||
        !json_object_is_type(json, json_type_object))
        return err_say(err, ERR_INTERNAL, "a kept header is broken");
    json_object_object_foreach(json, name, value)
        reply_header(req, name, json_object_get_string(value));
    return true;
}

/* The rows as they are now; what was shown once is not shown again. */
static bool
answer_again(struct req *req, const struct kept *kept, struct err *err)
{
    if (kept->ids == NULL || !json_read(req->arena, kept->ids, strlen(kept->ids), &req->kept))
        return err_say(err, ERR_INTERNAL, "a kept answer has broken ids");
    return req->route->again(req, err);
}

/* Of all that is checked about the key, the actor comes last, but before the answer is given again:
 * who has been blocked or has lost his rank since the first time gets nothing that he got then. */
static bool
replay(struct req *req, const struct outcome *outcome, const char *hash, struct err *err)
{
    struct kept kept = {0};

    if (!str_eq(outcome->request_hash, hash))
        return err_set(err, ERR_IDEMPOTENCY_MISMATCH);
    if (!actor_check(req, err))
        return false;
    if (!read_kept(req, outcome->answer, &kept, err))
        return false;
    if (req->turn.actor.role < kept.rank)
        return err_set(err, ERR_IDEMPOTENCY_MISMATCH); /* he is not the actor that he was */
    reply_header(req, "Idempotency-Replayed", "true");
    if (req->route->flags & SECRET)
        return answer_again(req, &kept, err);
    req->answer.status = (int)kept.status;
    req->answer.type = kept.type;
    req->answer.data = kept.body;
    req->answer.size = kept.body == NULL ? 0 : strlen(kept.body);
    return restore_headers(req, &kept, err);
}

const char *
req_kept_id(const struct req *req, const char *object)
{
    struct json_object *from = req->kept, *id;

    if (object != NULL && !json_object_object_get_ex(req->kept, object, &from))
        return NULL;
    return json_object_object_get_ex(from, "id", &id) ? json_object_get_string(id) : NULL;
}

/* -- one of the two ------------------------------------------------------------------------ */

static bool
lock(struct req *req, struct err *err)
{
    bool locked;

    if (!idempotency_lock(
            req->turn.db, req->turn.actor.token_id, req->idempotency_key, &locked, err))
        return false;
    return locked || err_set(err, ERR_IDEMPOTENCY_RUNNING);
}

static bool
run_or_replay(struct req *req, route_fn *run, struct err *err)
{
    const char *hash = hash_of(req);
    struct list outcomes;

    if (!idempotency_find(
            req->turn.db, req->turn.actor.token_id, req->idempotency_key, &outcomes, err))
        return false;
    if (outcomes.count > 0)
        return replay(req, outcomes.at, hash, err);
    return run(req, err) && keep(req, hash, err);
}

bool
idempotency_run(struct req *req, route_fn *run, struct err *err)
{
    return db_begin(req->turn.db, err) && lock(req, err) && run_or_replay(req, run, err) &&
        db_commit(req->turn.db, err);
}
