#include "agent/health.h"

#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

#include "agent/agent.h"
#include "agent/component.h"
#include "agent/proc.h"
#include "http/problem.h"

enum {
    DETAILS_SIZE = 200,
    CLOCK_SANE = 1767225600 /* the start of 2026 */
};

#define CACHE_USEC (1 * USEC_SEC)

struct core_check {
    const char *name;
    const char *component; /* only where it runs; NULL: always */
    bool (*run)(const struct agent *agent, char *details, size_t size);
};

/* -- the core's ---------------------------------------------------------------------------- */

static bool
check_listen(const struct agent *agent, char *details, size_t size)
{
    int port = (int)agent->settings->vless_reality_port;
    bool ok = proc_listens(PROC_TCP, port);

    snprintf(details, size, "port %d: %s", port, ok ? "listening" : "nobody listens");
    return ok;
}

static bool
check_process(const struct agent *agent, char *details, size_t size)
{
    int pid = proc_find("xray");

    (void)agent;
    snprintf(details, size, pid == 0 ? "no such process" : "pid %d", pid);
    return pid != 0;
}

static bool
check_state(const struct agent *agent, char *details, size_t size)
{
    const struct meta *meta = &agent->state.meta;
    struct err err;

    if (!state_room(&agent->state, &err)) {
        snprintf(details, size, "%lld MiB free, too little to take anything in",
            (long long)(state_free_bytes(&agent->state) >> 20));
        return false;
    }
    snprintf(details, size, "%s, generation %lld", meta->known ? "ready" : "empty: no snapshot yet",
        (long long)meta->desired_gen);
    return meta->known;
}

/* REALITY refuses clients whose clock is another one. */
static bool
check_clock(const struct agent *agent, char *details, size_t size)
{
    struct timex timex = {0};
    bool disciplined = adjtimex(&timex) >= 0 && (timex.status & STA_UNSYNC) == 0;
    bool ok = time(NULL) >= CLOCK_SANE;

    (void)agent;
    if (ok)
        snprintf(
            details, size, disciplined ? "synchronised" : "set, not disciplined by the kernel");
    else
        snprintf(details, size, "before 2026");
    return ok;
}

static const struct core_check core_checks[] = {
    {"listen tcp/443", "xray", check_listen},
    {"process xray", "xray", check_process},
    {"state file", NULL, check_state},
    {"clock", NULL, check_clock},
};

/* -- all of them --------------------------------------------------------------------------- */

static bool
append(struct json_object *array, const char *name, bool ok, const char *details)
{
    struct json_object *json = json_object_new_object();

    json_object_object_add(json, "name", json_object_new_string(name));
    json_object_object_add(json, "ok", json_object_new_boolean(ok));
    json_object_object_add(json, "details", json_object_new_string(details));
    json_object_array_add(array, json);
    return ok;
}

static bool
run_core(struct agent *agent, struct json_object *array)
{
    bool all = true;

    for (size_t i = 0; i < COUNT(core_checks); i++) {
        const struct core_check *check = &core_checks[i];
        char details[DETAILS_SIZE] = "";

        if (check->component != NULL &&
            (agent->settings->agent_dry_run || agent_component(agent, check->component) == NULL))
            continue;
        bool ok = check->run(agent, details, sizeof(details));
        all = append(array, check->name, ok, details) && all;
    }
    return all;
}

static bool
run_component(const struct component *component, struct json_object *array)
{
    const struct component_type *type = component->type;
    bool all = true;

    for (size_t i = 0; i < type->check_count; i++) {
        const struct check *check = &type->checks[i];
        char details[DETAILS_SIZE] = "";

        if (check->role != NULL && !str_eq(check->role, component->agent->settings->agent_role))
            continue;
        bool ok = check->run(component, details, sizeof(details));
        all = append(array, check->name, ok, details) && all;
    }
    return all;
}

static bool
run_all(struct agent *agent, struct json_object *array)
{
    bool all = run_core(agent, array);

    if (agent->settings->agent_dry_run)
        append(array, "dry run", true, "state only, no gateway is touched");
    for (size_t i = 0; i < agent->count; i++)
        all = run_component(&agent->components[i], array) && all;
    agent->health = (struct health_cache){time_monotonic(), all};
    return all;
}

bool
health_reply_short(struct req *req)
{
    struct agent *agent = req->state;
    struct json_object *json = json_object_new_object();

    if (agent->health.at == 0 || time_monotonic() - agent->health.at > CACHE_USEC) {
        struct json_object *array = json_object_new_array();

        json_adopt(req->arena, array);
        run_all(agent, array);
    }
    json_object_object_add(json, "ok", json_object_new_boolean(agent->health.ok));
    answer_json(req, agent->health.ok ? 200 : 503, "application/json", json);
    return true;
}

bool
health_reply_list(struct req *req)
{
    struct agent *agent = req->state;
    struct json_object *json = json_object_new_object();
    struct json_object *checks = json_object_new_array();
    bool all = run_all(agent, checks);

    json_object_object_add(json, "role", json_object_new_string(agent->settings->agent_role));
    json_object_object_add(json, "checks", checks);
    json_object_object_add(json, "overall_ok", json_object_new_boolean(all));
    answer_json(req, 200, "application/json", json);
    return true;
}
