#include "domain/reissue.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "base/uuid.h"
#include "domain/reach.h"
#include "domain/rebuild.h"
#include "domain/target.h"
#include "store/connections.h"
#include "store/dispatch.h"
#include "store/reissue.h"

static const struct field reissue_fields[] = {
    F_OPT_INT(struct reissue, user_id, F_OPTIONAL, 1, INT64_MAX),
    F_UUID(struct reissue, node_id, F_NULLABLE),
    F_BOOL(struct reissue, rebuild, F_OPTIONAL),
};
static const struct reissue reissue_defaults = {.rebuild = true};
const struct schema reissue_schema = SCHEMA_FROM(struct reissue, reissue_fields, &reissue_defaults);

static const struct field reissued_fields[] = {
    F_INT(struct reissued, events, F_REQUIRED, 0, INT64_MAX),
};
const struct schema reissued_schema = SCHEMA(struct reissued, reissued_fields);

enum {
    CHUNK = 1000 /* connections */
};

/* A run through all that is wanted. */
struct run {
    const struct turn *turn;
    const struct reissue *in;
    struct asked asked;
    struct holding_range range;
    const char *subject;
    char after[UUID_SIZE]; /* where range.after points */
    usec_t longest;        /* of the chunks so far */
    int64_t events;
    struct json_object *usual[PROTOCOL_WIREGUARD + 1]
                             [MODE_CHAIN + 1]; /* patches of connections without overrides */
};

/* -- what is rebuilt ----------------------------------------------------------------------- */

static const char *
ids_text(const struct list *holdings, struct arena *arena)
{
    const struct holding *all = holdings->at;
    struct json_object *json = json_object_new_array();

    json_adopt(arena, json);
    for (size_t i = 0; i < holdings->count; i++)
        json_object_array_add(json, json_object_new_string(all[i].connection_id));
    return json_text(json);
}

/* `turn` is the chunk's; what is kept for others lives in the run's. */
static bool
find_patch(struct run *run, const struct turn *turn, const struct holding *holding,
    struct json_object **patch, struct err *err)
{
    struct json_object **usual = &run->usual[holding->protocol][holding->mode];

    if (!str_eq(holding->custom_overrides_json, "{}"))
        return rebuild_patch(turn, holding, patch, err);
    if (*usual == NULL && !rebuild_patch(run->turn, holding, usual, err))
        return false;
    *patch = *usual;
    return true;
}

static bool
add_rebuilt(const struct turn *turn, const struct issued_row *row, struct json_object *patch,
    struct json_object *configs, struct err *err)
{
    const char *text = row->effective_config_json;
    struct json_object *config, *item;

    if (!json_read(turn->arena, text, strlen(text), &config))
        return err_say(err, ERR_INTERNAL, "revision %s has no configuration", row->id);
    if (!rebuild_merge(config, patch))
        return true;
    item = json_object_new_object();
    json_object_object_add(item, "id", json_object_new_string(row->id));
    json_object_object_add(item, "config", json_object_get(config));
    json_object_array_add(configs, item);
    return true;
}

/* Rows come in the order of their connections. */
static bool
rebuild(struct run *run, const struct turn *turn, const struct list *holdings,
    struct json_object *configs, struct err *err)
{
    const struct holding *holding = holdings->at;
    struct json_object *patch = NULL;
    struct list rows;

    if (!issued_read(turn->db, ids_text(holdings, turn->arena), &rows, err))
        return false;
    const struct issued_row *row = rows.at;
    for (size_t i = 0; i < rows.count; i++) {
        bool first = i == 0 || !str_eq(row[i].connection_id, row[i - 1].connection_id);

        while (!str_eq(holding->connection_id, row[i].connection_id))
            holding++;
        if ((first && !find_patch(run, turn, holding, &patch, err)) ||
            !add_rebuilt(turn, &row[i], patch, configs, err))
            return false;
    }
    return true;
}

/* -- a chunk ------------------------------------------------------------------------------- */

static bool
work(struct run *run, const struct turn *turn, size_t *count, struct err *err)
{
    struct json_object *configs = json_object_new_array();
    struct list holdings;
    int64_t events = 0;

    json_adopt(turn->arena, configs);
    if (!connections_hold(turn->db, &run->range, &holdings, err))
        return false;
    *count = holdings.count;
    if (holdings.count == 0)
        return true;
    if (run->in->rebuild && !rebuild(run, turn, &holdings, configs, err))
        return false;
    const struct reissue_change change = {
        ids_text(&holdings, turn->arena), json_text(configs), run->subject};
    if (!reissue_write(turn->db, &run->asked, &change, &events, err))
        return false;
    const struct holding *last = (const struct holding *)holdings.at + holdings.count - 1;
    memcpy(
        run->after, run->range.tunnels ? last->device_id : last->connection_id, sizeof(run->after));
    run->range.after = run->after;
    run->events += events;
    return true;
}

/* With an arena of its own, since there may be thousands of chunks. */
static bool
run_chunk(struct run *run, size_t *count, struct err *err)
{
    struct arena arena = {0};
    struct turn turn = *run->turn;
    struct db *db = turn.db;
    usec_t started = time_monotonic();

    if (!db_begin(db, err))
        return false;
    turn.arena = db->arena = &arena;
    bool done = work(run, &turn, count, err);
    db->arena = run->turn->arena;
    arena_reset(&arena);
    usec_t took = time_monotonic() - started;
    run->longest = took > run->longest ? took : run->longest;
    return done && db_commit(db, err);
}

/* Half as much again as the longest so far may take. */
static bool
check_time(const struct run *run, struct err *err)
{
    usec_t deadline = run->turn->db->deadline;

    return deadline == 0 || time_monotonic() + run->longest * 3 / 2 < deadline ||
        err_say(err, ERR_LATE, "There was time for %" PRId64 " events, and more are wanted",
            run->events);
}

static bool
run_all(struct run *run, bool tunnels, struct err *err)
{
    size_t count = CHUNK;

    run->range.tunnels = tunnels;
    run->range.after = NULL;
    while (count == CHUNK) {
        if (!check_time(run, err) || !run_chunk(run, &count, err))
            return false;
    }
    return true;
}

/* -- which --------------------------------------------------------------------------------- */

static bool
find_user(struct run *run, struct err *err)
{
    struct user user;

    if (!run->in->user_id.set)
        return true;
    run->range.user_id = run->in->user_id.value;
    run->subject = arena_printf(run->turn->arena, "user:%" PRId64, run->in->user_id.value);
    return user_get(run->turn->db, run->in->user_id.value, &user, err) &&
        reach_owner(run->turn, user.telegram_id, user.role, ERR_USER_NOT_FOUND, err);
}

static bool
find_node(struct run *run, struct err *err)
{
    struct node_status node;

    if (run->in->node_id == NULL)
        return true;
    if (!node_status(run->turn->db, run->in->node_id, &node, err))
        return false;
    run->range.role = node_role_names[node.role];
    if (!run->in->user_id.set)
        run->subject = arena_printf(run->turn->arena, "node:%s", run->in->node_id);
    return true;
}

bool
reissue_current(
    const struct turn *turn, const struct reissue *in, struct reissued *reissued, struct err *err)
{
    const char *targets = targets_text(turn->settings, turn->arena);
    struct run run = {.turn = turn,
        .in = in,
        .asked = {&turn->actor, targets},
        .range = {.actor = &turn->actor, .targets = targets, .limit = CHUNK},
        .subject = "connection:*"};

    if (!find_user(&run, err) || !find_node(&run, err) || !run_all(&run, false, err) ||
        !run_all(&run, true, err))
        return false;
    *reissued = (struct reissued){run.events};
    return true;
}
