#include "domain/artifact.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "crypto/pseudonym.h"
#include "domain/marker.h"
#include "domain/target.h"
#include "schema/json.h"
#include "store/artifacts.h"

/* -- JSON ---------------------------------------------------------------------------------- */

static void
put_text(struct json_object *json, const char *key, const char *text)
{
    if (text != NULL)
        json_object_object_add(json, key, json_object_new_string(text));
}

static void
put_now(struct json_object *json)
{
    char text[TIME_TEXT_SIZE];

    time_write(time_now(), text);
    put_text(json, "op_ts", text);
}

/* The object's text in the arena; the object itself is released at once: there may be thousands. */
static const char *
take_text(struct json_object *json, struct arena *arena)
{
    const char *text = arena_strdup(arena, json_text(json));

    json_object_put(json);
    return text;
}

/* -- connections --------------------------------------------------------------------------- */

static struct json_object *
credential_json(const struct turn *turn, const struct credential_row *row)
{
    struct json_object *json = json_object_new_object();

    put_text(json, "revision_id", row->revision_id);
    json_object_object_add(json, "slot", json_object_new_int64(row->slot.value));
    put_text(json, "marker", marker_of(turn, row->variant, row->aggregate_id, row->revision_id));
    put_text(json, "credential_key", row->credential_key);
    put_text(json, "uuid", row->uuid);
    put_text(json, "flow", row->flow);
    put_text(json, "sni", row->sni);
    put_text(json, "username", row->username);
    put_text(json, "password", row->password);
    return json;
}

static void
put_pids(struct json_object *json, const struct turn *turn, const struct credential_row *row)
{
    const char *user_id = arena_printf(turn->arena, "%" PRId64, row->user_id.value);
    char pid[PID_SIZE];

    pid_make(turn->settings->pseudonym_secret, PID_USER, user_id, pid);
    put_text(json, "user_pid", pid);
    pid_make(turn->settings->pseudonym_secret, PID_CONNECTION, row->aggregate_id, pid);
    put_text(json, "connection_pid", pid);
}

static const char *
connection_payload(const struct turn *turn, const struct credential_row *rows, size_t count)
{
    struct json_object *json = json_object_new_object();
    struct json_object *credentials = json_object_new_array();

    put_pids(json, turn, rows);
    put_text(json, "connection_id", rows->aggregate_id);
    put_text(json, "protocol", rows->protocol);
    put_text(json, "mode", rows->mode);
    put_text(json, "variant", rows->variant);
    put_now(json);
    for (size_t i = 0; i < count; i++)
        json_object_array_add(credentials, credential_json(turn, &rows[i]));
    json_object_object_add(json, "credentials", credentials);
    return take_text(json, turn->arena);
}

static size_t
connection_artifact(const struct turn *turn, const void *rows, size_t left, struct artifact *out)
{
    const struct credential_row *first = rows;
    size_t count = 1;

    while (count < left && str_eq(first[count].aggregate_id, first->aggregate_id))
        count++;
    out->ver = first->ver;
    out->aggregate_id = first->aggregate_id;
    if (first->component != NULL)
        out->component = first->component;
    if (first->revision_id != NULL)
        out->payload = connection_payload(turn, first, count);
    return count;
}

/* -- peers --------------------------------------------------------------------------------- */

static size_t
peer_artifact(const struct turn *turn, const void *rows, size_t unused_left, struct artifact *out)
{
    const struct peer_row *row = rows;

    (void)unused_left;
    out->ver = row->ver;
    out->aggregate_id = row->aggregate_id;
    if (row->revision_id == NULL || row->peer_public_key == NULL || row->peer_ip == NULL)
        return 1;
    struct json_object *json = json_object_new_object();
    put_text(json, "device_id", row->device_id);
    put_now(json);
    put_text(json, "peer_public_key", row->peer_public_key);
    put_text(json, "preshared_key", row->preshared_key);
    put_text(json, "peer_ip", row->peer_ip);
    put_text(json, "marker", marker_of(turn, row->variant, row->connection_id, row->revision_id));
    out->payload = take_text(json, turn->arena);
    return 1;
}

/* -- bundles ------------------------------------------------------------------------------- */

static size_t
bundle_artifact(const struct turn *turn, const void *rows, size_t unused_left, struct artifact *out)
{
    const struct bundle_row *row = rows;

    (void)unused_left;
    out->ver = row->ver;
    out->aggregate_id = row->aggregate_id;
    if (row->files == NULL)
        return 1;
    struct json_object *json = json_object_new_object();
    put_text(json, "bundle_name", row->aggregate_id);
    json_object_object_add(json, "files", json_tokener_parse(row->files));
    put_text(json, "digest", row->digest);
    out->payload = take_text(json, turn->arena);
    return 1;
}

/* -- kinds --------------------------------------------------------------------------------- */

typedef bool read_fn(struct db *db, const struct artifact_scope *scope,
    const struct artifact_keys *keys, struct list *rows, struct err *err);

/* One artifact from the rows at `rows`; how many rows it took. */
typedef size_t
make_fn(const struct turn *turn, const void *rows, size_t left, struct artifact *artifact);

struct kind {
    const char *components; /* whose keys it reads */
    const char *component;  /* unless a row says */
    const char *upsert, *remove;
    read_fn *read;
    make_fn *make;
    size_t row_size;
    int64_t page; /* artifacts */
};

static const struct kind kinds[] = {
    {"bundle", "bundle", "APPLY_BUNDLE", "APPLY_BUNDLE", bundles_read, bundle_artifact,
        sizeof(struct bundle_row), 1},
    {"xray hysteria", NULL, "UPSERT_USER", "REVOKE_CONNECTION", credentials_read,
        connection_artifact, sizeof(struct credential_row), 500},
    {"wireguard", "wireguard", "WG_PEER_UPSERT", "WG_PEER_REMOVE", peers_read, peer_artifact,
        sizeof(struct peer_row), 1000},
};

static bool
is_of(const struct kind *kind, const char *component)
{
    return str_has_word(kind->components, component, strlen(component));
}

static size_t
make_one(const struct turn *turn, const struct kind *kind, const struct list *rows, size_t at,
    struct artifact *artifact)
{
    const char *row = (const char *)rows->at + at * kind->row_size;
    size_t taken = kind->make(turn, row, rows->count - at, artifact);

    artifact->event_type = artifact->payload != NULL ? kind->upsert : kind->remove;
    return taken;
}

/* -- by keys ------------------------------------------------------------------------------- */

static const char *
keys_text(const struct kind *kind, const struct list *keys, struct arena *arena)
{
    const struct artifact_key *all = keys->at;
    struct json_object *json = json_object_new_array();

    json_adopt(arena, json);
    for (size_t i = 0; i < keys->count; i++) {
        if (is_of(kind, all[i].component))
            json_object_array_add(json, json_object_new_string(all[i].aggregate_id));
    }
    return json_object_array_length(json) == 0 ? NULL : json_text(json);
}

/* Rows come in the order of the keys that were asked for. */
static void
place(const struct turn *turn, const struct kind *kind, const struct list *rows,
    const struct list *keys, struct artifact *artifacts)
{
    const struct artifact_key *all = keys->at;
    size_t at = 0;

    for (size_t i = 0; i < keys->count && at < rows->count; i++) {
        if (!is_of(kind, all[i].component))
            continue;
        artifacts[i] = (struct artifact){.component = all[i].component};
        at += make_one(turn, kind, rows, at, &artifacts[i]);
        artifacts[i].component = all[i].component;
    }
}

bool
artifacts_of(const struct turn *turn, const char *role, const struct list *keys,
    struct artifact *artifacts, struct err *err)
{
    struct artifact_scope scope = {role, targets_text(turn->settings, turn->arena)};

    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct artifact_keys wanted = {.keys = keys_text(&kinds[i], keys, turn->arena)};
        struct list rows;

        if (wanted.keys == NULL)
            continue;
        if (!kinds[i].read(turn->db, &scope, &wanted, &rows, err))
            return false;
        place(turn, &kinds[i], &rows, keys, artifacts);
    }
    return true;
}

/* -- all ----------------------------------------------------------------------------------- */

static size_t
make_all(const struct turn *turn, const struct kind *kind, const struct list *rows,
    struct artifact *artifacts)
{
    size_t count = 0;

    for (size_t at = 0; at < rows->count; count++) {
        artifacts[count] = (struct artifact){.component = kind->component};
        at += make_one(turn, kind, rows, at, &artifacts[count]);
    }
    return count;
}

static void
step(struct artifact_walk *walk, const struct list *artifacts)
{
    const struct artifact *all = artifacts->at;

    if ((int64_t)artifacts->count == kinds[walk->kind].page) {
        walk->after = all[artifacts->count - 1].aggregate_id;
        return;
    }
    walk->after = NULL;
    walk->kind++;
    walk->done = walk->kind == COUNT(kinds);
}

bool
artifacts_next(const struct turn *turn, const char *role, struct artifact_walk *walk,
    struct list *artifacts, struct err *err)
{
    const struct kind *kind = &kinds[walk->kind];
    struct artifact_scope scope = {role, targets_text(turn->settings, turn->arena)};
    struct artifact_keys wanted = {.after = walk->after, .limit = kind->page};
    struct list rows;

    if (!kind->read(turn->db, &scope, &wanted, &rows, err))
        return false;
    struct artifact *made = arena_alloc(turn->arena, rows.count * sizeof(*made));
    *artifacts = (struct list){made, make_all(turn, kind, &rows, made)};
    step(walk, artifacts);
    return true;
}
