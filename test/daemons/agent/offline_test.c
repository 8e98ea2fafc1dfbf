/* Users that change by restarts: an Xray whose API is not used. */
#include <signal.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "daemons/agent/restarts.h"

static void
put_base(struct scene *scene)
{
    const char *config = text_in(scene, scene->gateway.config);
    struct err err;

    CHECK(mkdir(in_root(scene, "base"), 0700) == 0);
    CHECK(fs_replace(in_root(scene, "base/xray.json"), config, strlen(config), 0600, &err));
}

static const char *
config_of(struct scene *scene)
{
    return text_in(scene, in_root(scene, "runtime/xray/config.json"));
}

/* Xray answers a while after the command that restarts it. */
static const char *
look_when_up(struct scene *scene, const char *email)
{
    usec_t late = time_monotonic() + 5 * USEC_SEC;

    while (*look(scene, "chain-link") == '\0' && time_monotonic() < late)
        continue;
    return look(scene, email);
}

static void
test_a_restart_brings_a_user(struct scene *scene)
{
    scene->lab.settings.agent_apply_wait_ms = 0;
    lab_snapshot(&scene->lab, "s1", 0, "");
    wish_users(scene, "one", 1, credential(scene, 0, "b1-one-1", UUID_A));
    CHECK_INT(0, component_of(&scene->lab)->converged);
    settle(scene);
    CHECK(restarts(scene) >= 1);
    CHECK(strstr(config_of(scene), UUID_A) != NULL);
    CHECK_STR("b1-one-1 " UUID_A " " LAB_FLOW, look_when_up(scene, "b1-one-1"));
}

/* Those of a second cost one restart together. */
static void
test_changes_are_collected(struct scene *scene)
{
    int before = restarts(scene);

    wish_users(scene, "two", 1, credential(scene, 0, "b1-two-1", UUID_B));
    wish_users(scene, "three", 1, credential(scene, 0, "b1-three-1", UUID_C));
    wish(scene, "one", 2, NULL);
    settle(scene);
    CHECK_INT(before + 1, restarts(scene));
    CHECK_STR("", look_when_up(scene, "b1-one-1"));
    CHECK_STR("b1-two-1 " UUID_B " " LAB_FLOW, look_when_up(scene, "b1-two-1"));
    CHECK_STR("b1-three-1 " UUID_C " " LAB_FLOW, look_when_up(scene, "b1-three-1"));
}

static void
test_what_has_not_changed_restarts_nothing(struct scene *scene)
{
    int before = restarts(scene);

    wish_users(scene, "two", 1, credential(scene, 0, "b1-two-1", UUID_B));
    settle(scene);
    open_agent(scene);
    settle(scene);
    compare(scene);
    CHECK_INT(before, restarts(scene));
}

static bool
has_failed(struct lab *lab)
{
    const struct work *work = works_find(&component_of(lab)->works, "two");

    return work != NULL && work->fails > 0 && work->phase == WORK_PAUSED;
}

/* The agent ended between the file and the restart. */
static void
test_a_restart_is_owed_until_it_was_done(struct scene *scene)
{
    const char *command = scene->lab.settings.agent_reload_xray_cmd;
    int before = restarts(scene);

    scene->lab.settings.agent_reload_xray_cmd = "false";
    scene->lab.agent.retry_least = 60 * USEC_SEC;
    wish(scene, "two", 2, NULL);
    lab_until(&scene->lab, has_failed);
    CHECK_INT(before, restarts(scene));
    scene->lab.settings.agent_reload_xray_cmd = command;
    open_agent(scene);
    settle(scene);
    CHECK(restarts(scene) > before);
    CHECK_STR("", look_when_up(scene, "b1-two-1"));
}

int
main(void)
{
    struct scene scene;

    signal(SIGPIPE, SIG_IGN);
    if (xray_lab_binary() == NULL)
        return xray_lab_skip();
    if (scene_prepare(&scene)) {
        scene.lab.settings.agent_xray_api_enabled = false;
        use_restart_script(&scene);
        put_base(&scene);
        open_agent(&scene);
        test_a_restart_brings_a_user(&scene);
        test_changes_are_collected(&scene);
        test_what_has_not_changed_restarts_nothing(&scene);
        test_a_restart_is_owed_until_it_was_done(&scene);
    }
    stop_xray(&scene);
    scene_close(&scene);
    return check_report("agent/offline");
}
