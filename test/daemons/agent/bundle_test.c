/* Bundles against a real Xray that a script restarts. */
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/child.h"
#include "base/fs.h"
#include "daemons/agent/restarts.h"

/* -- bundles --------------------------------------------------------------------------- */

static const char *
quoted(struct scene *scene, const char *text)
{
    struct json_object *json = json_object_new_string(text);

    json_adopt(&scene->arena, json);
    return json_text(json);
}

static void
bring_files(struct scene *scene, int64_t ver, const char *digest, const char *files)
{
    int64_t from = scene->gen++;

    lab_batch(&scene->lab, from, scene->gen,
        lab_event(&scene->arena, scene->gen, "bundle", "base-vps-t", ver,
            arena_printf(&scene->arena,
                "{\"bundle_name\":\"base-vps-t\",\"digest\":\"%s\",\"files\":{%s}}", digest,
                files)));
    CHECK_INT(200, scene->lab.status);
}

static void
bring(struct scene *scene, int64_t ver, const char *digest, const char *config)
{
    bring_files(
        scene, ver, digest, arena_printf(&scene->arena, "\"xray.json\":%s", quoted(scene, config)));
}

static const char *
rejection(struct scene *scene)
{
    return arena_printf(&scene->arena, "%s: %s", lab_text(&scene->lab, "rejected.0.code"),
        lab_text(&scene->lab, "rejected.0.detail"));
}

/* -- tests ----------------------------------------------------------------------------- */

static void
test_the_first_bundle_starts_xray_with_everyone(struct scene *scene, const char *config)
{
    lab_snapshot(&scene->lab, "s1", 0, "");
    wish_users(scene, "one", 1, credential(scene, 0, "b1-one-1", UUID_A));
    CHECK_INT(0, component_of(&scene->lab)->converged);

    bring(scene, 1, "d1", config);
    settle(scene);
    CHECK_INT(1, restarts(scene));
    CHECK_STR("b1-one-1 " UUID_A " " LAB_FLOW, look(scene, "b1-one-1"));
    CHECK_STR("chain-link " LAB_CHAIN " " LAB_FLOW, look(scene, "chain-link"));
    CHECK_STR(config, text_in(scene, in_root(scene, "base/xray.json")));
    CHECK_STR(config, text_in(scene, in_root(scene, "bundles/base-vps-t/xray.json")));
    const char *live = text_in(scene, in_root(scene, "runtime/xray/config.json"));
    CHECK(strstr(live, UUID_A) != NULL && strstr(live, LAB_CHAIN) != NULL);
}

static void
test_the_same_base_restarts_nothing(struct scene *scene, const char *config)
{
    bring(scene, 2, "d1", config);
    settle(scene);
    open_agent(scene);
    settle(scene);
    CHECK_INT(1, restarts(scene));
}

static void
test_another_base_restarts_xray_once(struct scene *scene, const char *config)
{
    bring(scene, 3, "d2", arena_printf(&scene->arena, "%s\n", config));
    settle(scene);
    CHECK_INT(2, restarts(scene));
    CHECK_STR("b1-one-1 " UUID_A " " LAB_FLOW, look(scene, "b1-one-1"));
}

static const struct {
    const char *title, *files, *want;
} bad[] = {
    {"a placeholder", "\"xray.json\":\"{\\\"x\\\":\\\"@@REALITY_DEST@@\\\"}\"",
        "placeholder: xray.json holds @@REALITY_DEST@@"},
    {"another", "\"a.txt\":\"key REPLACE_PRIVATE_KEY here\"",
        "placeholder: a.txt holds REPLACE_PRIVATE_KEY"},
    {"an example's name", "\"a.txt\":\"www.example.com\"", "placeholder: a.txt holds example.com"},
    {"a name with a way up", "\"../x\":\"y\"", "bundle_name: a file's name is not [a-z0-9._-]+"},
    {"a hidden name", "\".ssh\":\"y\"", "bundle_name: a file's name is not [a-z0-9._-]+"},
    {"a path", "\"a/b\":\"y\"", "bundle_name: a file's name is not [a-z0-9._-]+"},
    {"no text", "\"a.txt\":7", "bundle_invalid: a.txt is neither text nor base64"},
    {"bad base64", "\"a.txt\":{\"encoding\":\"base64\",\"content\":\"*\"}",
        "bundle_invalid: a.txt is neither text nor base64"},
    {"no JSON", "\"xray.json\":\"{\"", "bundle_invalid: xray.json is not a JSON object"},
    {"what Xray refuses", "\"xray.json\":\"{\\\"inbounds\\\":[{\\\"protocol\\\":\\\"none\\\"}]}\"",
        "bundle_invalid: xray run -test refuses xray.json"},
};

static void
test_bad_bundles_change_nothing(struct scene *scene)
{
    const char *base = text_in(scene, in_root(scene, "base/xray.json"));

    for (size_t i = 0; i < COUNT(bad); i++) {
        bring_files(scene, 4 + (int64_t)i, "d3", bad[i].files);
        if (!CHECK_STR(bad[i].want, rejection(scene)))
            fprintf(stderr, "# in: %s\n", bad[i].title);
    }
    CHECK_INT(2, restarts(scene));
    CHECK_STR(base, text_in(scene, in_root(scene, "base/xray.json")));
    CHECK_STR("b1-one-1 " UUID_A " " LAB_FLOW, look(scene, "b1-one-1"));
}

/* A link in the place of a file is replaced, one in the place of a folder is refused: nothing is
 * ever written where it points to. */
static void
test_no_link_is_followed(struct scene *scene)
{
    const char *outside = arena_printf(&scene->arena, "%s/outside", scene->gateway.dir);

    CHECK(symlink(outside, in_root(scene, "bundles/base-vps-t/note.txt")) == 0);
    bring_files(scene, 50, "d4", "\"note.txt\":{\"encoding\":\"base64\",\"content\":\"aGVsbG8=\"}");
    CHECK_INT(0, lab_length(&scene->lab, "rejected"));
    CHECK_STR("hello", text_in(scene, in_root(scene, "bundles/base-vps-t/note.txt")));
    CHECK(access(outside, F_OK) != 0);
}

static void
test_a_command_that_fails_is_tried_again(struct scene *scene, const char *config)
{
    const char *command = scene->lab.settings.agent_reload_xray_cmd;

    scene->lab.settings.agent_reload_xray_cmd = "false";
    scene->lab.agent.retry_least = 300000;
    bring(scene, 60, "d5", arena_printf(&scene->arena, "%s\n\n", config));
    CHECK_INT(2, restarts(scene));
    scene->lab.settings.agent_reload_xray_cmd = command;
    settle(scene);
    CHECK_INT(3, restarts(scene));
}

static bool
is_bundle_paused(struct lab *lab)
{
    return agent_component(&lab->agent, "bundle")->works.counts[WORK_PAUSED] == 1;
}

/* Xray comes up after the bundle was given up for half a minute at least: that is what it waits
 * for, and nobody is cut by another restart. */
static void
test_xray_that_is_late_ends_the_pause(struct scene *scene, const char *config)
{
    const char *command = scene->lab.settings.agent_reload_xray_cmd;
    const char *start = arena_printf(&scene->arena, "exec %s", command);

    stop_xray(scene);
    lab_until(&scene->lab, is_down);
    scene->lab.settings.agent_reload_xray_cmd = "true";
    scene->lab.agent.retry_least = 60 * USEC_SEC;
    scene->lab.agent.answer_most = 1;
    bring(scene, 61, "d6", arena_printf(&scene->arena, "%s\n\n\n", config));
    lab_until(&scene->lab, is_bundle_paused);
    CHECK_INT(3, restarts(scene));

    scene->lab.settings.agent_reload_xray_cmd = command;
    CHECK(xray_lab_run(&scene->gateway, (const char *const[]){"sh", "-c", start, NULL}));
    settle(scene);
    CHECK_INT(4, restarts(scene));
}

/* The status of a Go program that gets no memory or no thread. */
static void
test_xray_that_cannot_run_refuses_nothing(struct scene *scene, const char *config)
{
    const char *binary = scene->lab.settings.agent_xray_bin;
    const char *path = arena_printf(&scene->arena, "%s/no memory", scene->gateway.dir);
    const char *script = "#!/bin/sh\nexit 2\n";
    struct err err;

    CHECK(fs_replace(path, script, strlen(script), 0700, &err));
    scene->lab.settings.agent_xray_bin = path;
    scene->lab.agent.retry_least = 10000;
    bring(scene, 62, "d7", arena_printf(&scene->arena, "%s\n\n\n\n", config));
    CHECK_INT(0, lab_length(&scene->lab, "rejected"));
    scene->lab.settings.agent_xray_bin = binary;
    settle(scene);
    CHECK_INT(5, restarts(scene));
}

static void
test_commands_are_split_into_words(void)
{
    static const struct {
        const char *command, *words; /* joined by | */
    } rows[] = {
        {"sv restart xray", "sv|restart|xray"},
        {"  a \t b  ", "a|b"},
        {"'a b' \"c d\"e f\\ g", "a b|c de|f g"},
        {"a '' \"\\\"\" '\\'", "a||\"|\\"},
        {"a;b $(c) `d` >e", "a;b|$(c)|`d`|>e"},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *const *words = child_words(&arena, rows[i].command);
        const char *joined = words == NULL ? "" : words[0];
        for (size_t w = 1; words != NULL && words[w] != NULL; w++)
            joined = arena_printf(&arena, "%s|%s", joined, words[w]);
        CHECK_STR(rows[i].words, joined);
    }
    CHECK(child_words(&arena, "") == NULL);
    CHECK(child_words(&arena, "  ") == NULL);
    CHECK(child_words(&arena, "a 'b") == NULL);
    arena_reset(&arena);
}

int
main(void)
{
    struct scene scene;

    signal(SIGPIPE, SIG_IGN);
    if (xray_lab_binary() == NULL)
        return xray_lab_skip();
    test_commands_are_split_into_words();
    if (scene_prepare(&scene)) {
        const char *config = text_in(&scene, scene.gateway.config);
        use_restart_script(&scene);
        open_agent(&scene);
        test_the_first_bundle_starts_xray_with_everyone(&scene, config);
        test_the_same_base_restarts_nothing(&scene, config);
        test_another_base_restarts_xray_once(&scene, config);
        test_bad_bundles_change_nothing(&scene);
        test_no_link_is_followed(&scene);
        test_a_command_that_fails_is_tried_again(&scene, config);
        test_xray_that_is_late_ends_the_pause(&scene, config);
        test_xray_that_cannot_run_refuses_nothing(&scene, config);
    }
    stop_xray(&scene);
    scene_close(&scene);
    return check_report("agent/bundle");
}
