#include "agent/xray_client.h"

#include <string.h>

enum method {
    ALTER_INBOUND,
    GET_INBOUND_USERS,
    LIST_INBOUNDS,
    ADD_INBOUND,
    REMOVE_INBOUND,
    GET_ONLINE_ADDRESSES,
    GET_SYS_STATS,
    METHODS
};

static const struct {
    const char *name; /* behind the prefix */
    xray_decode_fn decode;
} methods[METHODS] = {
    [ALTER_INBOUND] = {"app.proxyman.command.HandlerService/AlterInbound", NULL},
    [GET_INBOUND_USERS] = {"app.proxyman.command.HandlerService/GetInboundUsers",
        xray_decode_users},
    [LIST_INBOUNDS] = {"app.proxyman.command.HandlerService/ListInbounds", xray_decode_inbounds},
    [ADD_INBOUND] = {"app.proxyman.command.HandlerService/AddInbound", NULL},
    [REMOVE_INBOUND] = {"app.proxyman.command.HandlerService/RemoveInbound", NULL},
    [GET_ONLINE_ADDRESSES] = {"app.stats.command.StatsService/GetStatsOnlineIpList",
        xray_decode_addresses},
    [GET_SYS_STATS] = {"app.stats.command.StatsService/GetSysStats", NULL},
};

/* The code alone says little, so the words decide; the first that fits. A wrong tag also says "not
 * found" and must not read as "the user is gone already". */
static const struct {
    const char *words;
    enum xray_result result;
} words[] = {
    {"failed to get handler", XRAY_NO_INBOUND},
    {"not a UserManager", XRAY_NO_INBOUND},
    {"failed to parse user", XRAY_INVALID},
    {"Email must not be empty", XRAY_INVALID},
    {"unknown operation", XRAY_UNSUPPORTED},
    {"already exists", XRAY_EXISTS},
    {"existing tag found", XRAY_EXISTS},
    {"not found", XRAY_ABSENT},
};

static const char *const texts[XRAY_RESULTS] = {
    [XRAY_OK] = "Xray has done it",
    [XRAY_EXISTS] = "Xray has it already",
    [XRAY_ABSENT] = "Xray does not have it",
    [XRAY_NO_INBOUND] = "Xray has no such inbound",
    [XRAY_INVALID] = "Xray does not take this user",
    [XRAY_UNSUPPORTED] = "This Xray does not offer the call",
    [XRAY_AWAY] = "Xray does not answer",
    [XRAY_FAILED] = "Xray answered with an error",
};

struct xray_call {
    struct xray_call *next; /* free */
    struct xray_client *client;
    enum method method;
    struct xray_visit visit;
    struct xray_done done;
};

struct xray_client {
    struct arena arena; /* holds this very object */
    struct h2 *h2;
    const char *prefix;
    int64_t timeout_ms;
    const char *paths[METHODS];
    struct xray_call *free;
};

struct xray_client *
xray_client_new(struct event_base *base, const char *server, const struct settings *settings,
    const struct h2_owner *owner)
{
    struct h2 *h2 = h2_new(base, server, owner);
    struct arena arena = {0};

    if (h2 == NULL)
        return NULL;
    struct xray_client *client = arena_alloc(&arena, sizeof(*client));
    client->h2 = h2;
    client->prefix = arena_strdup(&arena, settings->agent_xray_api_prefix);
    client->timeout_ms = settings->agent_xray_api_timeout_seconds * 1000;
    for (size_t i = 0; i < METHODS; i++)
        client->paths[i] = arena_printf(&arena, "/%s%s", client->prefix, methods[i].name);
    client->arena = arena;
    return client;
}

void
xray_client_free(struct xray_client *client)
{
    if (client == NULL)
        return;
    h2_free(client->h2);
    struct arena arena = client->arena;
    arena_reset(&arena);
}

bool
xray_client_connect(struct xray_client *client, struct err *err)
{
    return h2_connect(client->h2, err);
}

void
xray_client_drop(struct xray_client *client, const char *why)
{
    h2_drop(client->h2, why);
}

int
xray_client_peer(const struct xray_client *client)
{
    return h2_peer(client->h2);
}

/* -- answers --------------------------------------------------------------------------- */

static enum xray_result
read_words(const char *message)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        if (strstr(message, words[i].words) != NULL)
            return words[i].result;
    }
    return XRAY_FAILED;
}

static enum xray_result
read_result(const struct h2_answer *answer)
{
    switch (answer->status) {
    case GRPC_OK:
        return XRAY_OK;
    case GRPC_NOT_FOUND:
        return XRAY_ABSENT;
    case GRPC_UNIMPLEMENTED:
        return XRAY_UNSUPPORTED;
    case GRPC_DEADLINE:
    case GRPC_UNAVAILABLE:
        return XRAY_AWAY;
    default:
        return read_words(answer->message);
    }
}

static bool
read_body(const struct xray_call *call, const struct h2_answer *from, struct xray_answer *answer)
{
    const struct bytes body = {from->data, from->size};

    if (call->method == GET_SYS_STATS)
        return xray_decode_uptime(&body, &answer->uptime);
    return methods[call->method].decode == NULL ||
        methods[call->method].decode(&body, &call->visit);
}

static void
finish(void *arg, const struct h2_answer *from)
{
    struct xray_call *call = arg;
    struct xray_answer answer = {read_result(from), from->message, 0};

    if (answer.result == XRAY_OK && !read_body(call, from, &answer))
        answer.result = XRAY_FAILED;
    const struct xray_done done = call->done;
    call->next = call->client->free;
    call->client->free = call;
    done.done(done.arg, &answer);
}

/* -- calls ----------------------------------------------------------------------------- */

static struct xray_call *
call_take(struct xray_client *client)
{
    struct xray_call *call = client->free;

    if (call == NULL)
        return arena_alloc(&client->arena, sizeof(*call));
    client->free = call->next;
    return call;
}

static void
make_call(struct xray_client *client, enum method method, const struct bytes *body,
    struct xray_visit visit, struct xray_done done)
{
    static const struct h2_answer away = {.status = GRPC_UNAVAILABLE, .message = ""};
    struct xray_call *call = call_take(client);
    struct err err;

    *call = (struct xray_call){NULL, client, method, visit, done};
    const struct h2_call request = {
        client->paths[method], body->at, body->size, client->timeout_ms, finish, call};
    if (!h2_call(client->h2, &request, &err))
        finish(call, &away);
}

static void
alter(struct xray_client *client, struct arena *arena, const char *tag,
    const struct xray_operation *operation, struct xray_done done)
{
    const struct bytes body = xray_encode_alter(arena, tag, operation);

    make_call(client, ALTER_INBOUND, &body, (struct xray_visit){0}, done);
    arena_reset(arena);
}

void
xray_add_user(struct xray_client *client, const char *tag, const struct xray_entry *user,
    struct xray_done done)
{
    struct arena arena = {0};
    const struct xray_operation operation = xray_encode_add(&arena, client->prefix, user);

    alter(client, &arena, tag, &operation, done);
}

void
xray_remove_user(
    struct xray_client *client, const char *tag, const char *email, struct xray_done done)
{
    struct arena arena = {0};
    const struct xray_operation operation = xray_encode_remove(&arena, client->prefix, email);

    alter(client, &arena, tag, &operation, done);
}

void
xray_get_users(struct xray_client *client, const char *tag, const char *email,
    struct xray_visit visit, struct xray_done done)
{
    struct arena arena = {0};
    const struct bytes body = xray_encode_get_users(&arena, tag, email);

    make_call(client, GET_INBOUND_USERS, &body, visit, done);
    arena_reset(&arena);
}

void
xray_online_addresses(
    struct xray_client *client, const char *email, struct xray_visit visit, struct xray_done done)
{
    struct arena arena = {0};
    const char *name = arena_printf(&arena, "user>>>%s>>>online", email);
    const struct bytes body = xray_encode_get_stats(&arena, name);

    make_call(client, GET_ONLINE_ADDRESSES, &body, visit, done);
    arena_reset(&arena);
}

void
xray_list_inbounds(struct xray_client *client, struct xray_visit visit, struct xray_done done)
{
    struct arena arena = {0};
    const struct bytes body = xray_encode_list_inbounds(&arena);

    make_call(client, LIST_INBOUNDS, &body, visit, done);
    arena_reset(&arena);
}

void
xray_add_inbound(struct xray_client *client, struct bytes request, struct xray_done done)
{
    make_call(client, ADD_INBOUND, &request, (struct xray_visit){0}, done);
}

void
xray_remove_inbound(struct xray_client *client, const char *tag, struct xray_done done)
{
    struct arena arena = {0};
    const struct bytes body = xray_encode_remove_inbound(&arena, tag);

    make_call(client, REMOVE_INBOUND, &body, (struct xray_visit){0}, done);
    arena_reset(&arena);
}

void
xray_sys_stats(struct xray_client *client, struct xray_done done)
{
    make_call(client, GET_SYS_STATS, &(const struct bytes){(const uint8_t *)"", 0},
        (struct xray_visit){0}, done);
}

const char *
xray_result_text(enum xray_result result)
{
    return texts[result];
}
