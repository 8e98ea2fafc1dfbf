#include "harness/fake_node.h"

#include <event2/event.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/time.h"
#include "crypto/digest.h"

static const char *const components[FAKE_COMPONENTS] = {"xray", "bundle"};

/* -- answers ------------------------------------------------------------------------------- */

static void
add_int(struct json_object *json, const char *key, int64_t value)
{
    json_object_object_add(json, key, json_object_new_int64(value));
}

static void
add_text(struct json_object *json, const char *key, const char *text)
{
    json_object_object_add(json, key, text == NULL ? NULL : json_object_new_string(text));
}

static int64_t
converged(const struct fake_node *node, size_t component)
{
    int64_t gen = node->desired_gen - node->held_back[component];

    return gen > 0 ? gen : 0;
}

static void
add_converged(struct json_object *json, const struct fake_node *node)
{
    struct json_object *all = json_object_new_object();

    for (size_t i = 0; i < FAKE_COMPONENTS; i++)
        add_int(all, components[i], converged(node, i));
    json_object_object_add(json, "converged", all);
}

static void
send_json(struct evhttp_request *request, int status, struct json_object *json)
{
    peer_answer(request, status, json_object_to_json_string(json));
    json_object_put(json);
}

static void
refuse(struct fake_node *node, struct evhttp_request *request, const char *code)
{
    struct json_object *json = json_object_new_object();

    add_text(json, "code", code);
    add_int(json, "desired_gen", node->desired_gen);
    add_int(json, "max_token", node->max_token);
    send_json(request, 409, json);
}

static void
send_state(struct fake_node *node, struct evhttp_request *request)
{
    struct json_object *json = json_object_new_object();

    add_text(json, "role", "VPS_T");
    add_text(json, "name", "fake");
    add_text(json, "version", "1");
    add_text(json, "boot_id", "boot");
    add_text(json, "boot", node->ready ? "ready" : "empty");
    add_text(json, "epoch", node->ready ? node->epoch : NULL);
    add_int(json, "max_token", node->max_token);
    add_int(json, "desired_gen", node->desired_gen);
    add_converged(json, node);
    json_object_object_add(json, "components", json_object_new_object());
    add_int(json, "free_bytes", 1 << 30);
    send_json(request, 200, json);
}

void
fake_wake(struct fake_node *node)
{
    struct evhttp_request *waiting = node->waiting;

    node->waiting = NULL;
    if (waiting != NULL)
        send_state(node, waiting);
}

/* -- keys ---------------------------------------------------------------------------------- */

static struct fake_key *
find(struct fake_key *keys, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(keys[i].id, id))
            return &keys[i];
    }
    return NULL;
}

const struct fake_key *
fake_key(const struct fake_node *node, const char *id)
{
    for (size_t i = 0; i < node->count; i++) {
        if (str_eq(node->keys[i].id, id))
            return &node->keys[i];
    }
    return NULL;
}

static const char *
text_of(struct json_object *json, const char *key)
{
    return json_object_get_string(json_object_object_get(json, key));
}

static int64_t
int_of(struct json_object *json, const char *key)
{
    return json_object_get_int64(json_object_object_get(json, key));
}

static void
fill(struct fake_key *key, struct json_object *event)
{
    struct json_object *payload = json_object_object_get(event, "payload");

    snprintf(key->id, sizeof(key->id), "%s", text_of(event, "aggregate_id"));
    snprintf(key->type, sizeof(key->type), "%s", text_of(event, "event_type"));
    key->ver = int_of(event, "ver");
    key->gen = int_of(event, "gen");
    key->removed = payload == NULL;
    snprintf(key->payload, sizeof(key->payload), "%s",
        payload == NULL ? "" : json_object_to_json_string(payload));
}

/* A lower version is refused in silence, and counted. */
static void
take_event(struct fake_node *node, struct json_object *event)
{
    struct fake_key *key = find(node->keys, node->count, text_of(event, "aggregate_id"));

    node->events++;
    if (key == NULL)
        key = &node->keys[node->count++];
    if (int_of(event, "ver") < key->ver)
        node->too_old++;
    else
        fill(key, event);
}

/* -- events -------------------------------------------------------------------------------- */

static void
add_rejected(struct json_object *json, const struct fake_node *node)
{
    struct json_object *all = json_object_new_array();
    const struct fake_key *key = node->refused != NULL ? fake_key(node, node->refused) : NULL;

    if (key != NULL) {
        struct json_object *one = json_object_new_object();
        add_text(one, "aggregate_id", key->id);
        add_int(one, "ver", key->ver);
        add_text(one, "code", node->refused_code != NULL ? node->refused_code : "unknown_inbound");
        add_text(one, "detail", "no such inbound");
        json_object_array_add(all, one);
    }
    json_object_object_add(json, "rejected", all);
}

static void
send_taken(struct fake_node *node, struct evhttp_request *request)
{
    struct json_object *json = json_object_new_object();

    add_int(json, "desired_gen", node->desired_gen);
    add_converged(json, node);
    add_rejected(json, node);
    if (node->lose_replies) {
        json_object_put(json);
        evhttp_connection_free(evhttp_request_get_connection(request));
        return;
    }
    send_json(request, 200, json);
}

static bool
is_poisoned(const struct fake_node *node, struct json_object *events)
{
    for (size_t i = 0; i < json_object_array_length(events); i++) {
        if (node->poison != NULL &&
            str_eq(text_of(json_object_array_get_idx(events, i), "aggregate_id"), node->poison))
            return true;
    }
    return false;
}

/* In the order that the protocol says. */
static const char *
objection(struct fake_node *node, struct json_object *body)
{
    if (node->ready && !str_eq(text_of(body, "epoch"), node->epoch))
        return "epoch";
    if (int_of(body, "token") < node->max_token) {
        node->fenced++;
        return "fenced";
    }
    if (!node->ready)
        return "need_snapshot";
    if (int_of(body, "from") > node->desired_gen) {
        node->gaps++;
        return "gap";
    }
    return NULL;
}

static void
take_batch(struct fake_node *node, struct json_object *body)
{
    struct json_object *events = json_object_object_get(body, "events");

    node->batch_at = time_monotonic();
    node->batches++;
    node->last_batch = (int64_t)json_object_array_length(events);
    if (node->last_batch > node->largest_batch)
        node->largest_batch = node->last_batch;
    node->max_token = int_of(body, "token");
    for (size_t i = 0; i < json_object_array_length(events); i++)
        take_event(node, json_object_array_get_idx(events, i));
    if (int_of(body, "to") > node->desired_gen)
        node->desired_gen = int_of(body, "to");
}

static void
serve_events(struct fake_node *node, struct evhttp_request *request, struct json_object *body)
{
    const char *code = objection(node, body);

    if (node->hold) {
        node->held = request;
        return;
    }
    if (code != NULL) {
        refuse(node, request, code);
    } else if (is_poisoned(node, json_object_object_get(body, "events"))) {
        peer_answer(request, 422, "{}");
    } else {
        take_batch(node, body);
        send_taken(node, request);
    }
}

/* -- snapshots ----------------------------------------------------------------------------- */

static void
serve_part(struct fake_node *node, struct evhttp_request *request, struct json_object *body)
{
    struct json_object *events = json_object_object_get(body, "events");
    const char *sum = evhttp_find_header(evhttp_request_get_input_headers(request), "x-sha256");

    if (is_poisoned(node, events)) {
        peer_answer(request, 422, "{}");
        return;
    }
    if (str_eq(strrchr(node->last_path, '/'), "/1")) {
        node->part_count = 0;
        node->sums[0] = '\0';
    }
    node->parts_seen++;
    for (size_t i = 0; i < json_object_array_length(events); i++)
        fill(&node->parts[node->part_count++], json_object_array_get_idx(events, i));
    size_t length = strlen(node->sums);
    snprintf(node->sums + length, sizeof(node->sums) - length, "%s", sum == NULL ? "" : sum);
    peer_answer(request, 200, "{}");
}

static void
commit(struct fake_node *node, struct json_object *body)
{
    node->commits++;
    node->ready = true;
    node->desired_gen = int_of(body, "gen");
    node->max_token = int_of(body, "token");
    snprintf(node->epoch, sizeof(node->epoch), "%s", text_of(body, "epoch"));
    memcpy(node->keys, node->parts, sizeof(node->keys));
    node->count = node->part_count;
}

static void
serve_commit(struct fake_node *node, struct evhttp_request *request, struct json_object *body)
{
    char sum[SHA256_HEX_SIZE];

    sha256_hex(node->sums, strlen(node->sums), sum);
    if (int_of(body, "token") < node->max_token) {
        node->fenced++;
        refuse(node, request, "fenced");
    } else if (!str_eq(sum, text_of(body, "sha256")) ||
        int_of(body, "parts") * 64 != (int64_t)strlen(node->sums)) {
        refuse(node, request, "need_snapshot");
    } else {
        commit(node, body);
        send_taken(node, request);
    }
}

/* -- requests ------------------------------------------------------------------------------ */

static void
serve_state(struct fake_node *node, struct evhttp_request *request)
{
    bool waits = strstr(node->last_path, "after=") != NULL;

    node->looks += waits ? 0 : 1;
    node->watches += waits ? 1 : 0;
    if (waits && node->waiting == NULL)
        node->waiting = request;
    else
        send_state(node, request);
}

static bool
is_authorized(const struct fake_node *node, struct evhttp_request *request)
{
    const char *token =
        evhttp_find_header(evhttp_request_get_input_headers(request), "x-agent-token");

    return node->token == NULL || str_eq(token != NULL ? token : "", node->token);
}

static const struct {
    const char *part;
    void (*serve)(struct fake_node *node, struct evhttp_request *request, struct json_object *body);
} routes[] = {
    {"/v1/events", serve_events},
    {"/parts/", serve_part},
    {"/commit", serve_commit},
};

static void
serve_post(struct fake_node *node, struct evhttp_request *request)
{
    struct arena arena = {0};
    size_t size;
    struct json_object *body = json_tokener_parse(peer_body(request, &arena, &size));

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strstr(node->last_path, routes[i].part) != NULL) {
            routes[i].serve(node, request, body);
            break;
        }
    }
    json_object_put(body);
    arena_reset(&arena);
}

static void
serve(void *state, struct evhttp_request *request)
{
    struct fake_node *node = state;
    int status = node->status;

    node->requests++;
    snprintf(node->last_path, sizeof(node->last_path), "%s", evhttp_request_get_uri(request));
    if (!is_authorized(node, request))
        status = 401;
    if (status != 0 && (node->status_times != 0 || status == 401)) {
        node->status_times -= node->status_times > 0 ? 1 : 0;
        peer_answer(request, status, "{}");
    } else if (evhttp_request_get_command(request) == EVHTTP_REQ_GET) {
        serve_state(node, request);
    } else {
        serve_post(node, request);
    }
}

/* -- life ---------------------------------------------------------------------------------- */

void
fake_open(struct fake_node *node, struct event_base *base)
{
    memset(node, 0, sizeof(*node));
    node->base = base;
    peer_open(&node->peer, base, 0, serve, node);
}

void
fake_kill(struct fake_node *node)
{
    node->held = node->waiting = NULL;
    peer_close(&node->peer);
}

void
fake_restart(struct fake_node *node)
{
    peer_open(&node->peer, node->base, node->peer.port, serve, node);
}

void
fake_wipe(struct fake_node *node)
{
    node->ready = false;
    node->desired_gen = node->max_token = 0;
    node->count = 0;
}
