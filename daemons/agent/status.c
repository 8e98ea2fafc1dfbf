#include "agent/status.h"

#include <string.h>

#include "agent/component.h"
#include "agent/engine.h"
#include "http/problem.h"

static void
add_int(struct json_object *json, const char *key, int64_t number)
{
    json_object_object_add(json, key, json_object_new_int64(number));
}

static void
add_bool(struct json_object *json, const char *key, bool value)
{
    json_object_object_add(json, key, json_object_new_boolean(value));
}

static void
add_text(struct json_object *json, const char *key, const char *text)
{
    json_object_object_add(json, key, text == NULL ? NULL : json_object_new_string(text));
}

static void
add_converged(struct json_object *json, const struct agent *agent)
{
    struct json_object *converged = json_object_new_object();

    for (size_t i = 0; i < agent->count; i++)
        add_int(converged, agent->components[i].type->name, agent->components[i].converged);
    json_object_object_add(json, "converged", converged);
}

static void
append_rejection(struct json_object *array, const struct rejection *rejection)
{
    struct json_object *json = json_object_new_object();

    add_text(json, "aggregate_id", rejection->aggregate_id);
    add_int(json, "ver", rejection->ver);
    add_text(json, "code", rejection->code);
    add_text(json, "detail", rejection->detail);
    json_object_array_add(array, json);
}

/* -- batches ------------------------------------------------------------------------------- */

static bool
append_touched(struct agent *agent, struct json_object *array, const struct touched *touched,
    struct arena *arena, struct err *err)
{
    struct standing standing;

    if (!artifact_standing(&agent->state, touched->name, touched->key, arena, &standing, err))
        return false;
    if (standing.rejection.code != NULL)
        append_rejection(array, &standing.rejection);
    return true;
}

bool
status_reply_batch(struct req *req, const struct touched_list *touched, struct err *err)
{
    struct agent *agent = req->state;
    struct json_object *json = json_object_new_object();
    struct json_object *rejected = json_object_new_array();

    add_int(json, "desired_gen", agent->state.meta.desired_gen);
    add_converged(json, agent);
    json_object_object_add(json, "rejected", rejected);
    json_adopt(req->arena, json);
    for (size_t i = 0; i < touched->count; i++) {
        if (!append_touched(agent, rejected, &touched->at[i], req->arena, err))
            return false;
    }
    answer_json(req, 200, "application/json", json_object_get(json));
    return true;
}

bool
status_refuse(struct req *req, struct err *err)
{
    struct agent *agent = req->state;
    const struct err_kind *kind = &err_kinds[err->code];
    struct json_object *json;

    if (err->code == ERR_STATE_BROKEN)
        engine_trouble(agent, err);
    if (kind->class != CLASS_CONFLICT)
        return false;
    json = json_object_new_object();
    add_text(json, "type", "about:blank");
    add_text(json, "title", "Conflict");
    add_int(json, "status", 409);
    add_text(json, "code", kind->code);
    add_text(json, "detail", err->detail);
    add_text(json, "request_id", req->turn.actor.request_id);
    add_int(json, "desired_gen", agent->state.meta.desired_gen);
    add_int(json, "max_token", agent->state.meta.max_token);
    answer_json(req, 409, "application/problem+json", json);
    return true;
}

/* -- the state ----------------------------------------------------------------------------- */

static bool
add_component(struct json_object *json, struct component *component, struct err *err)
{
    struct json_object *own = json_object_new_object();
    struct artifact_counts counts;

    json_object_object_add(json, component->type->name, own);
    if (!artifact_count(&component->agent->state, component->type->name, &counts, err))
        return false;
    add_bool(own, "ok", component->up && component->verified);
    add_text(own, "boot", *component->boot == '\0' ? NULL : component->boot);
    add_int(own, "behind", counts.pending);
    add_text(own, "error", *component->error == '\0' ? NULL : component->error);
    return true;
}

static bool
add_rejected(struct json_object *json, struct agent *agent, struct arena *arena, struct err *err)
{
    struct json_object *array = json_object_new_array();

    json_object_object_add(json, "rejected", array);
    for (size_t i = 0; i < agent->count; i++) {
        struct rejections list;

        if (!artifact_rejections(&agent->state, agent->components[i].type->name, arena, &list, err))
            return false;
        for (size_t n = 0; n < list.count && json_object_array_length(array) < REJECTIONS_MAX; n++)
            append_rejection(array, &list.at[n]);
    }
    return true;
}

static void
add_identity(struct json_object *json, const struct agent *agent)
{
    const struct meta *meta = &agent->state.meta;

    add_text(json, "role", agent->settings->agent_role);
    add_text(json, "name", agent->settings->agent_name);
    add_text(json, "version", agent_version);
    add_text(json, "boot_id", agent->boot_id);
    add_bool(json, "dry_run", agent->settings->agent_dry_run);
    add_text(json, "boot", meta->known ? "ready" : "empty");
    add_text(json, "epoch", meta->known ? meta->epoch : NULL);
    add_int(json, "max_token", meta->max_token);
    add_int(json, "desired_gen", meta->desired_gen);
}

bool
status_reply_state(struct req *req, struct err *err)
{
    struct agent *agent = req->state;
    struct json_object *json = json_object_new_object();
    struct json_object *components = json_object_new_object();

    json_adopt(req->arena, json);
    add_identity(json, agent);
    add_converged(json, agent);
    json_object_object_add(json, "components", components);
    for (size_t i = 0; i < agent->count; i++) {
        if (!add_component(components, &agent->components[i], err))
            return false;
    }
    if (!add_rejected(json, agent, req->arena, err))
        return false;
    add_int(json, "free_bytes", state_free_bytes(&agent->state));
    answer_json(req, 200, "application/json", json_object_get(json));
    return true;
}
