#include "daemons/agent/lab.h"

#include <ftw.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/digest.h"

/* -- the agent ----------------------------------------------------------------------------- */

void
lab_reopen(struct lab *lab)
{
    const struct component_type *const own[] = {lab->type, memory_type("xray"), NULL};
    const struct component_type *const *types = lab->type == NULL ? own + 1 : own;
    struct err err = {0};

    agent_close(&lab->agent);
    if (!agent_open(&lab->agent, &lab->settings, lab->types == NULL ? types : lab->types, &err))
        check_failed("lab", "%s", err.detail);
    lab->agent.retry_least = 1000;
}

void
lab_prepare(struct lab *lab, const char *components)
{
    log_open("ERROR");
    *lab = (struct lab){.token = TOKEN};
    lab->agent.state.root = -1;
    snprintf(lab->root, sizeof(lab->root), "/tmp/tg-agent-XXXXXX");
    if (mkdtemp(lab->root) == NULL)
        check_failed("lab", "no folder");
    lab->settings = (struct settings){
        .agent_auth_token = TOKEN,
        .agent_role = "VPS_T",
        .agent_name = "t1",
        .agent_data_root = lab->root,
        .agent_components = components,
        .agent_dry_run = true,
        .agent_apply_wait_ms = 2000,
        .agent_reconcile_seconds = 3600,
        .agent_metrics_seconds = 5,
    };
}

void
lab_open(struct lab *lab, const char *components)
{
    lab_prepare(lab, components);
    lab_reopen(lab);
}

static int
remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat, (void)type, (void)ftw;
    return remove(path);
}

void
lab_close(struct lab *lab)
{
    arena_reset(&lab->arena);
    agent_close(&lab->agent);
    nftw(lab->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* -- the loop ------------------------------------------------------------------------------ */

static void
give_up(evutil_socket_t fd, short events, void *object)
{
    (void)fd, (void)events;
    *(bool *)object = true;
}

void
lab_until(struct lab *lab, bool (*reached)(struct lab *lab))
{
    const struct timeval limit = {5, 0};
    bool late = false;
    struct event *timer = evtimer_new(lab->agent.loop.base, give_up, &late);

    evtimer_add(timer, &limit);
    while (!reached(lab) && !late)
        event_base_loop(lab->agent.loop.base, EVLOOP_ONCE);
    event_free(timer);
    if (late)
        check_failed("lab", "not reached in five seconds");
}

/* -- calls --------------------------------------------------------------------------------- */

static const char *
find_header(const struct req *req, const char *name)
{
    const struct lab *lab = req->wire;

    if (str_eq(name, "x-agent-token"))
        return lab->token;
    return str_eq(name, "x-sha256") ? lab->sum : NULL;
}

static void
finish(struct req *req)
{
    struct lab *lab = req->wire;

    lab->status = req->answer.status;
    if (req->answer.data != NULL) {
        char *copy = arena_alloc(&lab->arena, req->answer.size + 1);
        memcpy(copy, req->answer.data, req->answer.size);
        if (!json_read(&lab->arena, copy, req->answer.size, &lab->reply))
            lab->reply = NULL;
    }
    app_finish(req);
}

static bool
is_answered(struct lab *lab)
{
    return lab->status != 0;
}

void
lab_call_raw(struct lab *lab, const char *method, const char *path, const char *body, size_t size)
{
    struct arena arena = {0};
    const char *query = strchr(path, '?');
    struct req req = {
        .arena = &arena,
        .state = &lab->agent,
        .header = find_header,
        .wire = lab,
        .finish = finish,
        .method = method,
        .path = query == NULL ? path : arena_printf(&arena, "%.*s", (int)(query - path), path),
        .query_text = query == NULL ? "" : query + 1,
        .content_type = "application/json",
        .body = body,
        .body_size = size,
    };

    arena_reset(&lab->arena);
    lab->status = 0;
    lab->reply = NULL;
    app_serve(&agent_app, &req);
    if (!req.later)
        finish(&req);
    lab_until(lab, is_answered);
}

void
lab_call(struct lab *lab, const char *method, const char *path, const char *body)
{
    struct arena arena = {0};
    char *text = arena_strdup(&arena, body == NULL ? "" : body);

    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\'')
            *at = '"';
    }
    lab_call_raw(lab, method, path, text, strlen(text));
    arena_reset(&arena);
}

/* -- answers ------------------------------------------------------------------------------- */

static struct json_object *
find(struct lab *lab, const char *path)
{
    struct json_object *json = lab->reply;

    while (json != NULL && *path != '\0') {
        char name[64];
        size_t length = strcspn(path, ".");

        snprintf(name, sizeof(name), "%.*s", (int)length, path);
        if (json_object_is_type(json, json_type_array))
            json = json_object_array_get_idx(json, (size_t)strtoul(name, NULL, 10));
        else
            json = json_object_object_get(json, name);
        path += length;
        path += *path == '.';
    }
    return json;
}

int64_t
lab_int(struct lab *lab, const char *path)
{
    struct json_object *json = find(lab, path);

    return json == NULL ? -1 : json_object_get_int64(json);
}

const char *
lab_text(struct lab *lab, const char *path)
{
    struct json_object *json = find(lab, path);

    return json == NULL ? "" : json_object_get_string(json);
}

int64_t
lab_length(struct lab *lab, const char *path)
{
    struct json_object *json = find(lab, path);

    return json_object_is_type(json, json_type_array) ? (int64_t)json_object_array_length(json)
                                                      : -1;
}

/* -- the story's words --------------------------------------------------------------------- */

struct memory *
lab_memory(struct lab *lab, const char *component)
{
    return memory_of(agent_component(&lab->agent, component));
}

const char *
lab_event(struct arena *arena, int64_t gen, const char *component, const char *key, int64_t ver,
    const char *payload)
{
    const char *head = gen == 0 ? "" : arena_printf(arena, "\"gen\":%lld,", (long long)gen);

    return arena_printf(arena,
        "{%s\"event_type\":\"UPSERT_USER\",\"component\":\"%s\",\"aggregate_id\":\"%s\","
        "\"ver\":%lld,\"idempotency_key\":\"k\",\"payload\":%s}",
        head, component, key, (long long)ver, payload == NULL ? "null" : payload);
}

void
lab_part(struct lab *lab, const char *id, int n, const char *epoch, const char *events)
{
    struct arena arena = {0};
    char sum[SHA256_HEX_SIZE];
    const char *body =
        arena_printf(&arena, "{\"epoch\":\"%s\",\"token\":1,\"events\":[%s]}", epoch, events);

    sha256_hex(body, strlen(body), sum);
    lab->sum = sum;
    lab_call_raw(
        lab, "POST", arena_printf(&arena, "/v1/snapshots/%s/parts/%d", id, n), body, strlen(body));
    snprintf(lab->sums[n], sizeof(lab->sums[n]), "%s", sum);
    lab->sum = NULL;
    arena_reset(&arena);
}

void
lab_commit(struct lab *lab, const char *id, int parts, const char *epoch, int64_t gen)
{
    struct arena arena = {0};
    const char *joined = "";
    char sum[SHA256_HEX_SIZE];

    for (int n = 1; n <= parts; n++)
        joined = arena_printf(&arena, "%s%s", joined, lab->sums[n]);
    sha256_hex(joined, strlen(joined), sum);
    lab_call(lab, "POST", arena_printf(&arena, "/v1/snapshots/%s/commit", id),
        arena_printf(&arena, "{'epoch':'%s','gen':%lld,'token':1,'parts':%d,'sha256':'%s'}", epoch,
            (long long)gen, parts, sum));
    arena_reset(&arena);
}

void
lab_snapshot(struct lab *lab, const char *id, int64_t gen, const char *events)
{
    lab_part(lab, id, 1, EPOCH, events);
    lab_commit(lab, id, 1, EPOCH, gen);
}

void
lab_batch(struct lab *lab, int64_t from, int64_t to, const char *events)
{
    struct arena arena = {0};

    lab_call(lab, "POST", "/v1/events",
        arena_printf(&arena, "{'epoch':'" EPOCH "','token':1,'from':%lld,'to':%lld,'events':[%s]}",
            (long long)from, (long long)to, events));
    arena_reset(&arena);
}
