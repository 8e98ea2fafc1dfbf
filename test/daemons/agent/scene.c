#include "daemons/agent/scene.h"

#include <signal.h>

static const struct component_type *const types[] = {&xray_component, &bundle_component, NULL};

/* -- looking into Xray ----------------------------------------------------------------- */

static void
looked(void *arg, const struct xray_answer *answer)
{
    struct scene *scene = arg;

    scene->answered = true;
    scene->result = answer->result;
}

static void
see(void *arg, const struct xray_entry *entry)
{
    struct scene *scene = arg;

    scene->users++;
    snprintf(scene->seen, sizeof(scene->seen), "%s %s %s", entry->name, entry->uuid, entry->flow);
}

static bool
is_answered(struct lab *lab)
{
    return ((struct scene *)lab)->answered; /* the lab is its first member */
}

static struct xray_done
begin(struct scene *scene)
{
    struct err err;

    scene->answered = false;
    scene->users = 0;
    scene->seen[0] = '\0';
    if (!xray_client_connect(scene->looker, &err)) {
        /* it is connected already */
    }
    return (struct xray_done){looked, scene};
}

const char *
look(struct scene *scene, const char *email)
{
    struct xray_done done = begin(scene);

    xray_get_users(scene->looker, LAB_TAG, email, (struct xray_visit){see, scene}, done);
    lab_until(&scene->lab, is_answered);
    return scene->seen;
}

int
count_users(struct scene *scene)
{
    look(scene, "");
    return scene->users;
}

void
add_foreigner(struct scene *scene, const char *email, const char *uuid)
{
    const struct xray_entry user = {email, uuid, LAB_FLOW};
    struct xray_done done = begin(scene);

    xray_add_user(scene->looker, LAB_TAG, &user, done);
    lab_until(&scene->lab, is_answered);
    CHECK_INT(XRAY_OK, scene->result);
}

void
remove_by_hand(struct scene *scene, const char *email)
{
    struct xray_done done = begin(scene);

    xray_remove_user(scene->looker, LAB_TAG, email, done);
    lab_until(&scene->lab, is_answered);
    CHECK_INT(XRAY_OK, scene->result);
}

/* -- the scene ------------------------------------------------------------------------- */

static void
ignore_up(void *arg)
{
    (void)arg;
}

static void
ignore_down(void *arg, const char *why)
{
    (void)arg, (void)why;
}

struct component *
component_of(struct lab *lab)
{
    return agent_component(&lab->agent, "xray");
}

struct xray *
xray_of(struct lab *lab)
{
    return component_self(component_of(lab));
}

static bool
is_settled(struct lab *lab)
{
    const struct component *component = component_of(lab);
    const struct component *bundle = agent_component(&lab->agent, "bundle");
    int64_t desired = lab->agent.state.meta.desired_gen;

    return component->verified && component->converged == desired && bundle->converged == desired;
}

bool
is_down(struct lab *lab)
{
    return !component_of(lab)->up;
}

void
settle(struct scene *scene)
{
    lab_until(&scene->lab, is_settled);
}

void
compare(struct scene *scene)
{
    struct component *component = component_of(&scene->lab);

    component->verified = false;
    component_suspect(component);
    settle(scene);
}

static void
write_base(struct scene *scene)
{
    struct arena arena = {0};
    const char *copy = arena_printf(&arena, "mkdir -p %s/base && cp %s %s/base/xray.json",
        scene->lab.root, scene->gateway.config, scene->lab.root);
    const char *const argv[] = {"sh", "-c", copy, NULL};

    CHECK(xray_lab_run(&scene->gateway, argv));
    arena_reset(&arena);
}

void
open_agent(struct scene *scene)
{
    const struct h2_owner owner = {ignore_up, ignore_down, NULL};
    struct settings *settings = &scene->lab.settings;

    xray_client_free(scene->looker);
    lab_reopen(&scene->lab);
    scene->looker =
        xray_client_new(scene->lab.agent.loop.base, scene->gateway.api, settings, &owner);
}

bool
scene_prepare(struct scene *scene)
{
    struct settings *settings = &scene->lab.settings;

    *scene = (struct scene){0};
    lab_prepare(&scene->lab, "xray,bundle");
    scene->lab.types = types;
    settings->agent_dry_run = false;
    settings->agent_xray_api_enabled = true;
    settings->agent_xray_api_server = scene->gateway.api;
    settings->agent_xray_api_timeout_seconds = 3;
    settings->agent_xray_api_prefix = "xray.";
    settings->agent_xray_webhook_socket = scene->gateway.hook;
    settings->agent_xray_bin = xray_lab_binary();
    settings->agent_reload_xray_cmd = "";
    return CHECK(xray_lab_open(&scene->gateway));
}

bool
scene_open(struct scene *scene)
{
    if (!scene_prepare(scene) || !CHECK(xray_lab_start(&scene->gateway)))
        return false;
    write_base(scene);
    open_agent(scene);
    return true;
}

void
scene_close(struct scene *scene)
{
    xray_client_free(scene->looker);
    lab_close(&scene->lab);
    xray_lab_close(&scene->gateway);
    arena_reset(&scene->arena);
}

/* -- wishes ---------------------------------------------------------------------------- */

const char *
credential(struct scene *scene, int slot, const char *marker, const char *uuid)
{
    return arena_printf(&scene->arena,
        "{\"slot\":%d,\"marker\":\"%s\",\"uuid\":\"%s\",\"flow\":\"" LAB_FLOW "\"}", slot, marker,
        uuid);
}

const char *
payload(struct scene *scene, const char *protocol, const char *credentials)
{
    return arena_printf(&scene->arena,
        "{\"protocol\":\"%s\",\"mode\":\"direct\",\"variant\":\"B1\",\"credentials\":[%s]}",
        protocol, credentials);
}

void
wish(struct scene *scene, const char *key, int64_t ver, const char *text)
{
    int64_t from = scene->gen++;

    lab_batch(&scene->lab, from, scene->gen,
        lab_event(&scene->arena, scene->gen, "xray", key, ver, text));
    CHECK_INT(200, scene->lab.status);
}

void
wish_users(struct scene *scene, const char *key, int64_t ver, const char *credentials)
{
    wish(scene, key, ver, payload(scene, "vless_reality", credentials));
}
