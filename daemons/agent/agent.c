#include "agent/agent.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "agent/app.h"
#include "agent/engine.h"
#include "agent/gauges.h"
#include "agent/memory.h"
#include "agent/wait.h"
#include "base/log.h"
#include "http/server.h"

enum {
    RETRY_USEC = 250000,
    ANSWER_USEC = 15000000,
    LEAVE_USEC = 100000
};

const char agent_version[] = "0.1.0";

static const struct task tasks[] = {
    {"converge", 0, engine_turn},
    {"metrics", 0, gauges_collect},
};

struct component *
agent_component(struct agent *agent, const char *name)
{
    for (size_t i = 0; i < agent->count; i++) {
        if (str_eq(agent->components[i].type->name, name))
            return &agent->components[i];
    }
    return NULL;
}

/* -- components ---------------------------------------------------------------------------- */

static const struct component_type *
find_type(const struct agent *agent, const struct component_type *const *types, const char *name)
{
    if (agent->settings->agent_dry_run)
        return memory_type(name);
    while (*types != NULL && !str_eq((*types)->name, name))
        types++;
    return *types;
}

static bool
add_component(struct agent *agent, const struct component_type *type, struct err *err)
{
    struct component *component;

    if (agent->count == COMPONENTS_MAX || agent_component(agent, type->name) != NULL)
        return err_say(err, ERR_SETTINGS, "AGENT_COMPONENTS names %s twice", type->name);
    component = &agent->components[agent->count++];
    component->agent = agent;
    component->type = type;
    works_init(&component->works);
    component_reset(component);
    return converged_read(&agent->state, type->name, &component->converged, err) &&
        state_begin(&agent->state, LAZY, err) && artifact_adopt(&agent->state, type->name, err);
}

static bool
add_named(struct agent *agent, const struct component_type *const *types, struct err *err)
{
    const char *names = agent->settings->agent_components;

    for (const char *at = names; *at != '\0';) {
        char name[32];
        size_t length = strcspn(at, ",");

        snprintf(name, sizeof(name), "%.*s", (int)length, at);
        const struct component_type *type = find_type(agent, types, name);
        if (type == NULL)
            return err_say(err, ERR_SETTINGS, "AGENT_COMPONENTS: there is no %s", name);
        if (!add_component(agent, type, err))
            return false;
        at += length;
        at += *at == ',';
    }
    return true;
}

static bool
add_components(struct agent *agent, const struct component_type *const *types, struct err *err)
{
    if (*agent->settings->agent_components != '\0')
        return add_named(agent, types, err);
    for (; *types != NULL; types++) {
        if (!add_component(agent, *types, err))
            return false;
    }
    return true;
}

static bool
open_components(struct agent *agent, struct err *err)
{
    for (size_t i = 0; i < agent->count; i++) {
        struct component *component = &agent->components[i];

        component->opened = true;
        if (!component->type->open(component, err))
            return false;
    }
    return true;
}

/* -- the agent ----------------------------------------------------------------------------- */

static void
end(void *object, struct arena *arena)
{
    struct agent *agent = object;

    (void)arena; /* the prototype is the job's */
    loop_end(&agent->loop);
}

/* What waits for gateways is answered with what is, and has a moment to leave; what is in work is
 * taken up by the next process. */
static void
stop(void *object)
{
    struct agent *agent = object;

    if (agent->server != NULL)
        server_drain(agent->server);
    waits_end(agent);
    job_in(&agent->ending, LEAVE_USEC);
}

bool
agent_open(struct agent *agent, const struct settings *settings,
    const struct component_type *const *types, struct err *err)
{
    *agent = (struct agent){.settings = settings,
        .state = {.root = -1},
        .retry_least = RETRY_USEC,
        .answer_most = ANSWER_USEC};
    LIST_INIT(&agent->waits);
    request_id_make(agent->boot_id);
    agent->metrics = metrics_new();
    if (!loop_init(&agent->loop, tasks, COUNT(tasks), agent, err) ||
        !state_open(&agent->state, settings->agent_data_root, err))
        return false;
    agent->loop.stop = stop;
    job_init(&agent->ending, &agent->loop, end, agent);
    if (agent->state.was_damaged)
        log_warn("the state file was damaged, moved aside, a snapshot is needed");
    if (!add_components(agent, types, err) || !state_commit(&agent->state, err) ||
        !open_components(agent, err))
        return false;
    engine_wake(agent);
    loop_wake(&agent->loop, gauges_collect);
    return true;
}

static const char *
or_null(const char *text)
{
    return text == NULL || *text == '\0' ? NULL : text;
}

bool
agent_listen(struct agent *agent, struct err *err)
{
    static const struct app *const apps[] = {&agent_metrics_app, &agent_app, NULL};
    const struct settings *settings = agent->settings;
    const struct server_options options = {
        .apps = apps,
        .state = agent,
        .turn.settings = settings,
        .host = settings->agent_host,
        .port = (int)settings->agent_port,
        .cert = or_null(settings->agent_server_cert),
        .key = or_null(settings->agent_server_key),
        .ca = or_null(settings->agent_ca_cert),
    };

    return server_open(agent->loop.base, &options, &agent->server, err);
}

void
agent_close(struct agent *agent)
{
    waits_end(agent);
    server_free(agent->server);
    for (size_t i = agent->count; i > 0; i--) {
        struct component *component = &agent->components[i - 1];

        if (component->opened)
            component->type->close(component);
        works_clear(&component->works);
    }
    job_free(&agent->ending);
    state_close(&agent->state);
    loop_free(&agent->loop);
    metrics_free(agent->metrics);
    *agent = (struct agent){.state = {.root = -1}};
}
