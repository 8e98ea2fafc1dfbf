#include "bench/size.h"

#include <inttypes.h>

#include "store/actors.h"
#include "store/audit_log.h"
#include "store/bot_messages.h"
#include "store/deliveries.h"
#include "store/devices.h"
#include "store/dispatch.h"
#include "store/events.h"
#include "store/letters.h"
#include "store/nodes.h"
#include "store/revisions.h"
#include "store/tokens.h"
#include "store/users.h"

/* -- the reads ----------------------------------------------------------------------------- */

/* As size.sql makes them. */
static const char *
row_id(struct bench *bench, int kind, int64_t n)
{
    return arena_printf(&bench->arena, "%08" PRIx64 "-000%d-4000-8000-%012" PRIx64,
        (uint64_t)n * 2654435761 % 4294967296, kind, (uint64_t)n);
}

static bool
one(struct bench *bench, bool done)
{
    bench->rows = 1;
    return done;
}

static bool
all(struct bench *bench, const struct list *rows, bool done)
{
    bench->rows = rows->count;
    return done;
}

static bool
get_user(struct bench *bench)
{
    struct user user;

    return one(bench, user_get(&bench->db, bench->user, &user, &bench->err));
}

static bool
get_actor(struct bench *bench)
{
    struct actor_user user;

    return one(bench, actor_get(&bench->db, bench->user, &user, &bench->err));
}

static bool
get_device(struct bench *bench)
{
    struct device device;

    return one(bench, device_get(&bench->db, row_id(bench, 1, bench->user), &device, &bench->err));
}

static bool
get_connection(struct bench *bench)
{
    struct connection connection;

    return one(bench,
        connection_get(&bench->db, row_id(bench, 2, 2 * bench->user), &connection, &bench->err));
}

static bool
get_revision(struct bench *bench)
{
    struct revision revision;

    return one(
        bench, revision_get(&bench->db, row_id(bench, 3, 6 * bench->user), &revision, &bench->err));
}

static bool
get_export(struct bench *bench)
{
    struct export_source source;

    return one(bench,
        export_of_revision(&bench->db, row_id(bench, 3, 6 * bench->user), &source, &bench->err));
}

static bool
get_export_of_connection(struct bench *bench)
{
    struct export_source source;

    return one(bench,
        export_of_connection(&bench->db, row_id(bench, 2, 2 * bench->user), &source, &bench->err));
}

static bool
get_token(struct bench *bench)
{
    struct token token;

    return one(bench,
        token_get(&bench->db, row_id(bench, 7, 1 + bench->user % 1000), &token, &bench->err));
}

static bool
get_event(struct bench *bench)
{
    struct event_place place;

    return one(bench, event_get(&bench->db, bench->user, &place, &bench->err));
}

static bool
get_node_status(struct bench *bench)
{
    struct node_status status;

    return one(bench,
        node_status(&bench->db, row_id(bench, 6, 1 + bench->user % 20), &status, &bench->err));
}

/* -- the lists ----------------------------------------------------------------------------- */

/* A place that nobody has to be at: any time of the last two years. */
static struct cursor
anywhere(struct bench *bench)
{
    usec_t ago = bench->user * 30 * USEC_SEC;

    return (struct cursor){time_now() - ago, arena_printf(&bench->arena, "%" PRId64, bench->user)};
}

static bool
users_by(struct bench *bench, struct users_query query)
{
    struct list rows = {0};

    query.limit = 200;
    return all(bench, &rows, users_list(&bench->db, &query, &rows, &bench->err));
}

static bool
list_users(struct bench *bench)
{
    return users_by(bench, (struct users_query){.cursor = anywhere(bench)});
}

static bool
list_admins(struct bench *bench)
{
    return users_by(bench, (struct users_query){.present = 1u << USERS_ROLE, .role = ROLE_ADMIN});
}

static bool
list_blocked(struct bench *bench)
{
    return users_by(bench, (struct users_query){.blocked_only = true});
}

static bool
search_id(struct bench *bench)
{
    const char *text = arena_printf(&bench->arena, "%05" PRId64, bench->user);

    return users_by(bench, (struct users_query){.search = text});
}

static bool
search_username(struct bench *bench)
{
    const char *text =
        arena_printf(&bench->arena, "%08" PRIx64, (uint64_t)bench->user * 2654435761 % 4294967296);

    return users_by(bench, (struct users_query){.search = text});
}

/* A fifth of all have it. */
static bool
search_common_name(struct bench *bench)
{
    return users_by(bench, (struct users_query){.search = "grace"});
}

static bool
search_beginning(struct bench *bench)
{
    const char *text = arena_printf(&bench->arena, "%" PRId64, 10 + bench->user % 90);

    return users_by(bench, (struct users_query){.search = text});
}

static bool
search_letter(struct bench *bench)
{
    return users_by(bench, (struct users_query){.search = "c"});
}

/* What no name begins with. */
static bool
search_letters(struct bench *bench)
{
    return users_by(bench, (struct users_query){.search = "zq"});
}

static bool
list_devices(struct bench *bench)
{
    const struct devices_query query = {0};
    struct list rows = {0};

    return all(bench, &rows, devices_list(&bench->db, bench->user, &query, &rows, &bench->err));
}

static bool
list_connections(struct bench *bench)
{
    const struct connections_query query = {0};
    struct list rows = {0};

    return all(bench, &rows,
        connections_list(&bench->db, row_id(bench, 1, bench->user), &query, &rows, &bench->err));
}

static bool
list_revisions(struct bench *bench)
{
    const struct revisions_query query = {.limit = 200};
    struct list rows = {0};

    return all(bench, &rows,
        revisions_list(&bench->db, row_id(bench, 2, 2 * bench->user), &query, &rows, &bench->err));
}

static bool
list_tokens(struct bench *bench)
{
    const struct tokens_query query = {.limit = 200};
    struct list rows = {0};

    return all(bench, &rows, tokens_list(&bench->db, &query, &rows, &bench->err));
}

static bool
list_nodes(struct bench *bench)
{
    struct list rows = {0};

    return all(bench, &rows, nodes_list(&bench->db, &rows, &bench->err));
}

static bool
list_node_statuses(struct bench *bench)
{
    struct list rows = {0};

    return all(bench, &rows, node_statuses(&bench->db, &rows, &bench->err));
}

static bool
audit_by(struct bench *bench, struct audit_query query)
{
    struct list rows = {0};

    query.limit = 200;
    return all(bench, &rows, audit_list(&bench->db, &query, &rows, &bench->err));
}

static bool
list_audit(struct bench *bench)
{
    return audit_by(bench, (struct audit_query){.cursor = anywhere(bench)});
}

static bool
list_audit_of_user(struct bench *bench)
{
    return audit_by(bench,
        (struct audit_query){.present = 1u << AUDIT_TELEGRAM_ID, .telegram_id = bench->user});
}

static bool
list_audit_of_action(struct bench *bench)
{
    return audit_by(
        bench, (struct audit_query){.present = 1u << AUDIT_ACTION, .action = "revisions.issue"});
}

static bool
events_by(struct bench *bench, struct events_query query)
{
    struct list rows = {0};

    query.limit = 200;
    return all(bench, &rows, events_list(&bench->db, &query, &rows, &bench->err));
}

static bool
list_events(struct bench *bench)
{
    return events_by(bench, (struct events_query){.cursor = anywhere(bench)});
}

static bool
list_events_of_type(struct bench *bench)
{
    return events_by(bench, (struct events_query){.present = 1u << EVENTS_TYPE, .event_type = 1});
}

static bool
list_events_of_aggregate(struct bench *bench)
{
    return events_by(bench,
        (struct events_query){
            .present = 1u << EVENTS_AGGREGATE, .aggregate_id = row_id(bench, 2, bench->user)});
}

static bool
list_deliveries(struct bench *bench)
{
    const struct sendings_query query = {.present = 1u << SENDINGS_NODE,
        .limit = 200,
        .node_id = row_id(bench, 6, 1 + bench->user % 20)};
    struct list rows = {0};

    return all(bench, &rows, sendings_list(&bench->db, &query, &rows, &bench->err));
}

static bool
list_deliveries_of_event(struct bench *bench)
{
    struct list rows = {0};

    return all(bench, &rows, sendings_of_event(&bench->db, bench->user, &rows, &bench->err));
}

static bool
list_letters(struct bench *bench)
{
    const struct letters_query query = {.limit = 200};
    struct list rows = {0};

    return all(bench, &rows, letters_list(&bench->db, &query, &rows, &bench->err));
}

static bool
list_letters_of_node(struct bench *bench)
{
    const struct letters_query query = {
        .limit = 200, .node_id = row_id(bench, 6, 1 + bench->user % 20)};
    struct list rows = {0};

    return all(bench, &rows, letters_list(&bench->db, &query, &rows, &bench->err));
}

static bool
list_bot_messages(struct bench *bench)
{
    const struct bot_messages_query query = {
        .filter.telegram_id = {true, bench->user}, .limit = 200};
    struct list rows = {0};

    return all(bench, &rows, bot_messages_list(&bench->db, &query, &rows, &bench->err));
}

const struct read reads[] = {
    {"user", get_user},
    {"actor", get_actor},
    {"device", get_device},
    {"connection", get_connection},
    {"revision", get_revision},
    {"export of a revision", get_export},
    {"export of a connection", get_export_of_connection},
    {"token", get_token},
    {"event", get_event},
    {"node's delivery", get_node_status},
    {"users, a page of 200 anywhere", list_users},
    {"users, admins", list_admins},
    {"users, blocked by the bot", list_blocked},
    {"users, part of an id", search_id},
    {"users, a username", search_username},
    {"users, a first name of a fifth", search_common_name},
    {"users, two digits an id begins with", search_beginning},
    {"users, a letter a username begins with", search_letter},
    {"users, two letters that none begins with", search_letters},
    {"devices of a user", list_devices},
    {"connections of a device", list_connections},
    {"revisions of a connection", list_revisions},
    {"tokens", list_tokens},
    {"nodes", list_nodes},
    {"nodes' deliveries", list_node_statuses},
    {"audit log, a page anywhere", list_audit},
    {"audit log of a user", list_audit_of_user},
    {"audit log of an action", list_audit_of_action},
    {"events, a page anywhere", list_events},
    {"events of a type", list_events_of_type},
    {"events of a connection", list_events_of_aggregate},
    {"deliveries to a node", list_deliveries},
    {"deliveries of an event", list_deliveries_of_event},
    {"dead letters", list_letters},
    {"dead letters of a node", list_letters_of_node},
    {"bot messages of a user", list_bot_messages},
};
const size_t reads_count = COUNT(reads);
