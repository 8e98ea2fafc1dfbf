/* Comparisons with a real Xray while wishes come and others meddle. */
#include <signal.h>

#include "daemons/agent/scene.h"

enum {
    CROWD = 3000, /* who are there all the time, so that a listing takes long */
    KEYS = 24,
    ROUNDS = 120
};

struct key {
    int64_t ver;
    int id; /* of its credential; 0: removed */
};

static unsigned
pick(unsigned below)
{
    static uint64_t state = 42;

    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % below;
}

static const char *
uuid_of(struct scene *scene, int id)
{
    return arena_printf(&scene->arena, "%08x-bbbb-4bbb-8bbb-bbbbbbbbbbbb", (unsigned)id);
}

static const char *
marker_of(struct scene *scene, int key)
{
    return arena_printf(&scene->arena, "b1-key-%d", key);
}

/* -- the crowd ----------------------------------------------------------------------------- */

static const char *
crowd_events(struct scene *scene)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    for (int i = 0; i < CROWD; i++) {
        struct arena arena = {0};
        fprintf(stream, "%s%s", i == 0 ? "" : ",",
            lab_event(&arena, 0, "xray", arena_printf(&arena, "crowd-%d", i), 1,
                arena_printf(&arena,
                    "{\"protocol\":\"vless_reality\",\"mode\":\"direct\",\"credentials\":[{\"slot\":0,"
                    "\"marker\":\"b1-crowd-%d\",\"uuid\":\"%08x-aaaa-4aaa-8aaa-aaaaaaaaaaaa\","
                    "\"flow\":\"" LAB_FLOW "\"}]}",
                    i, (unsigned)i)));
        arena_reset(&arena);
    }
    fclose(stream);
    const char *copy = arena_strdup(&scene->arena, text);
    free(text);
    return copy;
}

static void
open_crowd(struct scene *scene)
{
    scene->gen = 1;
    lab_snapshot(&scene->lab, "crowd", 1, crowd_events(scene));
    CHECK_INT(200, scene->lab.status);
    settle(scene);
    CHECK_INT(CROWD + 1, count_users(scene));
}

/* -- changes ------------------------------------------------------------------------------- */

static void
change(struct scene *scene, int number, struct key *key)
{
    const char *name = arena_printf(&scene->arena, "key-%d", number);

    key->ver++;
    if (pick(3) == 0) {
        key->id = 0;
        wish(scene, name, key->ver, NULL);
        return;
    }
    key->id = 1 + number * 4 + (int)pick(4);
    wish_users(scene, name, key->ver,
        credential(scene, 0, marker_of(scene, number), uuid_of(scene, key->id)));
}

/* Somebody else puts in what nobody wished, or may soon, under a name or an id of ours. */
static void
meddle(struct scene *scene, int round)
{
    const struct xray_entry user = {arena_printf(&scene->arena, "stranger-%d", round),
        uuid_of(scene, 1 + (int)pick(4 * KEYS)), LAB_FLOW};

    if (*look(scene, user.name) == '\0')
        add_foreigner(scene, user.name, user.uuid);
}

static void
check_key(struct scene *scene, int number, const struct key *key)
{
    const char *marker = marker_of(scene, number);
    const char *want = key->id == 0
        ? ""
        : arena_printf(&scene->arena, "%s %s " LAB_FLOW, marker, uuid_of(scene, key->id));

    CHECK_STR(want, look(scene, marker));
}

static void
check_all(struct scene *scene, const struct key *keys)
{
    int there = 0;

    for (int i = 0; i < KEYS; i++) {
        check_key(scene, i, &keys[i]);
        there += keys[i].id != 0;
    }
    CHECK_INT(CROWD + 1 + there, count_users(scene));
}

/* -- tests --------------------------------------------------------------------------------- */

static bool
is_comparing(struct lab *lab)
{
    return component_of(lab)->phase == PHASE_COMPARE;
}

static void
test_a_revocation_during_a_long_listing_is_not_delayed(struct scene *scene)
{
    struct component *component = component_of(&scene->lab);
    int during = 0;

    for (int round = 0; round < 20; round++) {
        wish_users(scene, "late", 2 * round + 1, credential(scene, 0, "b1-late", UUID_C));
        settle(scene);
        component_suspect(component);
        lab_until(&scene->lab, is_comparing);
        wish(scene, "late", 2 * round + 2, NULL);
        during += is_comparing(&scene->lab);
        CHECK_STR("", look(scene, "b1-late"));
    }
    printf("# %d of 20 revocations were answered before the comparison that they met\n", during);
    CHECK(during > 0);
    settle(scene);
}

static void
test_wishes_and_comparisons_at_once(struct scene *scene)
{
    struct key keys[KEYS] = {0};

    for (int round = 0; round < ROUNDS; round++) {
        int number = (int)pick(KEYS);

        if (pick(3) > 0)
            component_suspect(component_of(&scene->lab));
        change(scene, number, &keys[number]);
        check_key(scene, number, &keys[number]);
        if (pick(6) == 0)
            settle(scene);
    }
    settle(scene);
    compare(scene);
    check_all(scene, keys);
}

static void
test_strangers_come_while_wishes_do(struct scene *scene)
{
    struct key keys[KEYS] = {0};

    for (int i = 0; i < KEYS; i++)
        keys[i].ver = 1000;
    for (int round = 0; round < ROUNDS; round++) {
        int number = (int)pick(KEYS);

        if (pick(3) == 0)
            meddle(scene, round);
        component_suspect(component_of(&scene->lab));
        change(scene, number, &keys[number]);
    }
    for (int i = 0; i < KEYS; i++)
        change(scene, i, &keys[i]);
    settle(scene);
    compare(scene);
    compare(scene);
    check_all(scene, keys);
}

/* What is being added then waits for nothing that would wait for it. */
static void
test_a_snapshot_comes_while_many_are_added(struct scene *scene)
{
    const char *events = "";

    for (int i = 0; i < 400; i++)
        events = arena_printf(&scene->arena, "%s%s%s", events, i == 0 ? "" : ",",
            lab_event(&scene->arena, scene->gen + 1 + i, "xray",
                arena_printf(&scene->arena, "many-%d", i), 1,
                payload(scene, "vless_reality",
                    credential(scene, 0, arena_printf(&scene->arena, "b1-many-%d", i),
                        uuid_of(scene, 5000 + i)))));
    scene->lab.settings.agent_apply_wait_ms = 0;
    lab_batch(&scene->lab, scene->gen, scene->gen + 400, events);
    CHECK_INT(200, scene->lab.status);
    scene->gen += 401;
    lab_snapshot(&scene->lab, "again", scene->gen, crowd_events(scene));
    CHECK_INT(200, scene->lab.status);
    settle(scene);
    CHECK_INT(CROWD + 1, count_users(scene));
}

int
main(void)
{
    struct scene scene;

    signal(SIGPIPE, SIG_IGN);
    if (xray_lab_binary() == NULL)
        return xray_lab_skip();
    if (scene_open(&scene)) {
        scene.lab.settings.agent_apply_wait_ms = 5000;
        open_crowd(&scene);
        test_a_revocation_during_a_long_listing_is_not_delayed(&scene);
        test_wishes_and_comparisons_at_once(&scene);
        test_strangers_come_while_wishes_do(&scene);
        test_a_snapshot_comes_while_many_are_added(&scene);
    }
    scene_close(&scene);
    return check_report("agent/compare");
}
