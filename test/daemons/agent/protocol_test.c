/* What the dispatcher may say, and what it hears. */
#include "agent/wait.h"
#include "daemons/agent/lab.h"

#define BATCH "{'epoch':'" EPOCH "','token':1,"
#define EVENT(gen, key, ver)                                                                       \
    "{'gen':" #gen ",'event_type':'UPSERT_USER','component':'xray','aggregate_id':'" key           \
    "','ver':" #ver ",'idempotency_key':'k','payload':{'a':1}}"

/* One call of a story and what comes back; a path and what is there: "code=gap". */
struct step {
    const char *title, *method, *path, *body;
    int status;
    const char *where, *what;
};

static void
run_steps(struct lab *lab, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];

        lab_call(lab, step->method, step->path, step->body);
        check_int(step->title, step->status, lab->status);
        if (step->where != NULL)
            check_str(step->title, step->what, lab_text(lab, step->where));
    }
}

/* -- before the first snapshot ------------------------------------------------------------- */

static const struct step empty_steps[] = {
    {"live needs nothing", "GET", "/v1/live", NULL, 200, "ok", "true"},
    {"an empty state says so", "GET", "/v1/state", NULL, 200, "boot", "empty"},
    {"and has no epoch", "GET", "/v1/state", NULL, 200, "epoch", ""},
    {"health: no snapshot yet", "GET", "/v1/health", NULL, 200, "overall_ok", "false"},
    {"events need a snapshot", "POST", "/v1/events", BATCH "'from':0,'to':1,'events':[]}", 409,
        "code", "need_snapshot"},
    {"a 409 says how far we are", "POST", "/v1/events", BATCH "'from':0,'to':1,'events':[]}", 409,
        "desired_gen", "0"},
    {"still no epoch", "GET", "/v1/state", NULL, 200, "epoch", ""},
    {"a commit without parts", "POST", "/v1/snapshots/s1/commit",
        "{'epoch':'" EPOCH "','gen':1,'token':1,'parts':1,'sha256':"
        "'0000000000000000000000000000000000000000000000000000000000000000'}",
        409, "code", "need_snapshot"},
};

static void
test_an_empty_state_takes_nothing_but_a_snapshot(void)
{
    struct lab lab;

    lab_open(&lab, "xray,bundle");
    run_steps(&lab, empty_steps, COUNT(empty_steps));
    CHECK_INT(0, lab_memory(&lab, "xray")->compared);
    CHECK_INT(0, lab_memory(&lab, "xray")->applied);
    lab_close(&lab);
}

static void
test_the_token(void)
{
    struct lab lab;

    lab_open(&lab, "xray");
    lab.token = NULL;
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_INT(401, lab.status);
    CHECK_STR("Missing agent token", lab_text(&lab, "detail"));
    lab_call(&lab, "GET", "/v1/health", NULL);
    CHECK_INT(503, lab.status);
    CHECK_STR("{ \"ok\": false }", json_object_to_json_string(lab.reply));
    lab.token = TOKEN "x";
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_INT(401, lab.status);
    CHECK_STR("Invalid agent token", lab_text(&lab, "detail"));
    lab_call(&lab, "GET", "/v1/health", NULL);
    CHECK_INT(401, lab.status);
    lab_close(&lab);
}

/* -- batches ------------------------------------------------------------------------------- */

static const struct step batch_steps[] = {
    {"the next batch", "POST", "/v1/events",
        BATCH "'from':10,'to':12,'events':[" EVENT(11, "b", 1) "," EVENT(12, "c", 1) "]}", 200,
        "desired_gen", "12"},
    {"is read back when it is answered", "GET", "/v1/state", NULL, 200, "converged.xray", "12"},
    {"a component without keys keeps up", "GET", "/v1/state", NULL, 200, "converged.bundle", "12"},
    {"generations may be sparse", "POST", "/v1/events",
        BATCH "'from':12,'to':20,'events':[" EVENT(15, "b", 2) "]}", 200, "desired_gen", "20"},
    {"a batch of nothing moves on", "POST", "/v1/events", BATCH "'from':20,'to':22,'events':[]}",
        200, "converged.xray", "22"},
    {"the same again", "POST", "/v1/events",
        BATCH "'from':12,'to':20,'events':[" EVENT(15, "b", 2) "]}", 200, "desired_gen", "22"},
    {"overlapping", "POST", "/v1/events",
        BATCH "'from':20,'to':25,'events':[" EVENT(24, "c", 2) "]}", 200, "desired_gen", "25"},
    {"a gap", "POST", "/v1/events", BATCH "'from':26,'to':27,'events':[]}", 409, "code", "gap"},
    {"tells where we are", "POST", "/v1/events", BATCH "'from':26,'to':27,'events':[]}", 409,
        "desired_gen", "25"},
    {"backwards", "POST", "/v1/events", BATCH "'from':25,'to':24,'events':[]}", 422, "code",
        "batch"},
    {"not ascending", "POST", "/v1/events",
        BATCH "'from':25,'to':30,'events':[" EVENT(28, "d", 1) "," EVENT(27, "e", 1) "]}", 422,
        "code", "batch"},
    {"a generation beyond to", "POST", "/v1/events",
        BATCH "'from':25,'to':30,'events':[" EVENT(31, "d", 1) "]}", 422, "code", "batch"},
    {"a key that is a path", "POST", "/v1/events",
        BATCH "'from':25,'to':30,'events':[" EVENT(26, "d/../e", 1) "]}", 422, "code", "batch"},
    {"a key with dots", "POST", "/v1/events",
        BATCH "'from':25,'to':30,'events':[" EVENT(26, "d..e", 1) "]}", 422, "code", "batch"},
    {"version 0", "POST", "/v1/events", BATCH "'from':25,'to':30,'events':[" EVENT(26, "d", 0) "]}",
        422, "detail", "event 1: ver: greater_than_equal"},
    {"a wrong event behind a good one", "POST", "/v1/events",
        BATCH "'from':25,'to':30,'events':[" EVENT(26, "d", 1) ",{}]}", 422, "code", "batch"},
    {"two documents", "POST", "/v1/events", BATCH "'from':25,'to':26,'events':[]}{}", 422, "code",
        "batch"},
    {"events twice", "POST", "/v1/events",
        BATCH "'from':25,'to':26,'events':[],'events':[" EVENT(26, "d", 1) "]}", 422, "code",
        "batch"},
    {"a hole in the array", "POST", "/v1/events",
        BATCH "'from':25,'to':27,'events':[" EVENT(26, "d", 1) ",]}", 422, "code", "batch"},
    {"no array", "POST", "/v1/events", BATCH "'from':25,'to':26,'events':{}}", 422, "code",
        "batch"},
    {"no object", "POST", "/v1/events", "[]", 422, "code", "batch"},
    {"nothing", "POST", "/v1/events", "", 422, "code", "batch"},
    {"no payload at all", "POST", "/v1/events",
        BATCH "'from':25,'to':26,'events':[{'gen':26,'event_type':'X','component':'xray',"
              "'aggregate_id':'d','ver':1}]}",
        422, "detail", "event 1: payload: missing"},
    {"a payload that is no object", "POST", "/v1/events",
        BATCH "'from':25,'to':26,'events':[{'gen':26,'event_type':'X','component':'xray',"
              "'aggregate_id':'d','ver':1,'payload':[]}]}",
        422, "detail", "event 1: payload: dict_type"},
    {"no epoch", "POST", "/v1/events", "{'token':1,'from':25,'to':26,'events':[]}", 422, "detail",
        "epoch: missing"},
    {"all that was refused left no trace", "GET", "/v1/state", NULL, 200, "desired_gen", "25"},
    {"a node without the component", "POST", "/v1/events",
        BATCH "'from':25,'to':26,'events':[{'gen':26,'event_type':'X','component':'wireguard',"
              "'aggregate_id':'w','ver':1,'payload':{}}]}",
        200, "rejected.0.code", "no_component"},
    {"a newer lease", "POST", "/v1/events",
        "{'epoch':'" EPOCH "','token':5,'from':26,'to':27,'events':[]}", 200, "desired_gen", "27"},
    {"an older one is fenced", "POST", "/v1/events", BATCH "'from':27,'to':28,'events':[]}", 409,
        "code", "fenced"},
    {"and told by whom", "POST", "/v1/events", BATCH "'from':27,'to':28,'events':[]}", 409,
        "max_token", "5"},
    {"an unknown path", "GET", "/v1/nothing", NULL, 404, NULL, NULL},
    {"another method", "GET", "/v1/events", NULL, 405, NULL, NULL},
};

static void
test_batches(void)
{
    struct lab lab;
    struct arena arena = {0};

    lab_open(&lab, "xray,bundle");
    lab_snapshot(&lab, "s1", 10, lab_event(&arena, 0, "xray", "a", 1, "{\"a\":1}"));
    CHECK_INT(200, lab.status);
    CHECK_INT(10, lab_int(&lab, "converged.xray"));
    run_steps(&lab, batch_steps, COUNT(batch_steps));
    struct memory *xray = lab_memory(&lab, "xray");
    CHECK(memory_has(xray, "a", 1) && memory_has(xray, "b", 2) && memory_has(xray, "c", 2));
    CHECK(!memory_has(xray, "d", 1));
    arena_reset(&arena);
    lab_close(&lab);
}

static void
test_too_many_and_too_large(void)
{
    struct lab lab;
    struct arena arena = {0};
    const char *events = lab_event(&arena, 2, "xray", "k2", 1, "{}");

    lab_open(&lab, "xray");
    lab_snapshot(&lab, "s1", 1, "");
    for (int i = 3; i <= 514; i++)
        events = arena_printf(&arena, "%s,%s", events,
            lab_event(&arena, i, "xray", arena_printf(&arena, "k%d", i), 1, "{}"));
    lab_batch(&lab, 1, 514, events);
    CHECK_INT(422, lab.status);
    CHECK_STR("more than 512 events", lab_text(&lab, "detail"));
    char *large = arena_alloc(&arena, (5 << 20) + 1);
    memset(large, ' ', 5 << 20);
    lab_call_raw(&lab, "POST", "/v1/events", large, 5 << 20);
    CHECK_INT(413, lab.status);
    memset(large, 'x', 2 << 20);
    large[2 << 20] = '\0';
    const char *alone =
        lab_event(&arena, 2, "xray", "large", 1, arena_printf(&arena, "{\"files\":\"%s\"}", large));
    lab_batch(&lab, 1, 3, arena_printf(&arena, "%s,%s", alone, EVENT(3, "k", 1)));
    CHECK_INT(413, lab.status);
    lab_batch(&lab, 1, 3, alone);
    CHECK_INT(200, lab.status);
    CHECK(memory_has(lab_memory(&lab, "xray"), "large", 1));
    CHECK(!memory_has(lab_memory(&lab, "xray"), "k2", 1));
    arena_reset(&arena);
    lab_close(&lab);
}

static void
test_no_more_wait_than_there_is_room_for(void)
{
    struct lab lab;

    lab_open(&lab, "xray");
    lab_snapshot(&lab, "s1", 1, "");
    lab.agent.wait_count += WAITS_MAX;
    lab_batch(&lab, 1, 2, "");
    CHECK_INT(503, lab.status);
    CHECK_STR("busy", lab_text(&lab, "code"));
    lab.agent.wait_count -= WAITS_MAX;
    lab_batch(&lab, 1, 2, "");
    CHECK_INT(200, lab.status);
    lab_close(&lab);
}

/* -- versions ------------------------------------------------------------------------------ */

static void
test_a_key_is_what_its_highest_version_says(void)
{
    struct lab lab;
    struct arena arena = {0};

    lab_open(&lab, "xray");
    lab_snapshot(&lab, "s1", 1, lab_event(&arena, 0, "xray", "a", 5, "{}"));
    struct memory *xray = lab_memory(&lab, "xray");
    int64_t applied = xray->applied;

    lab_batch(&lab, 1, 2, lab_event(&arena, 2, "xray", "a", 4, NULL));
    CHECK_INT(200, lab.status);
    CHECK(memory_has(xray, "a", 5));
    CHECK_INT(applied, xray->applied);
    lab_batch(&lab, 2, 3, lab_event(&arena, 3, "xray", "a", 5, "{}"));
    CHECK_INT(applied + 1, xray->applied);
    lab_batch(&lab, 3, 4, lab_event(&arena, 4, "xray", "a", 6, NULL));
    CHECK(works_find(&xray->held, "a") == NULL);
    lab_batch(&lab, 4, 5, lab_event(&arena, 5, "xray", "a", 5, "{}"));
    CHECK_INT(200, lab.status);
    CHECK(works_find(&xray->held, "a") == NULL); /* its tombstone remembers */
    CHECK_INT(5, lab_int(&lab, "converged.xray"));
    arena_reset(&arena);
    lab_close(&lab);
}

static void
repair(struct lab *lab, int from, int to, const char *event)
{
    struct arena arena = {0};

    lab_call(lab, "POST", "/v1/events",
        arena_printf(&arena,
            "{'epoch':'" EPOCH "','token':1,'from':%d,'to':%d,'repair':true,'events':[%s]}", from,
            to, event));
    arena_reset(&arena);
}

static void
test_a_repair_moves_nothing(void)
{
    struct lab lab;
    struct arena arena = {0};

    lab_open(&lab, "xray");
    lab_snapshot(&lab, "s1", 7, lab_event(&arena, 0, "xray", "a", 1, "{}"));
    const char *event = lab_event(&arena, 0, "xray", "a", 2, "{}");
    memory_set(lab_memory(&lab, "xray"), "a", 0);
    repair(&lab, 7, 7, event);
    CHECK_INT(200, lab.status);
    CHECK_INT(7, lab_int(&lab, "desired_gen"));
    CHECK_INT(7, lab_int(&lab, "converged.xray"));
    CHECK(memory_has(lab_memory(&lab, "xray"), "a", 2));
    repair(&lab, 6, 6, event);
    CHECK_STR("gap", lab_text(&lab, "code"));
    repair(&lab, 7, 8, event);
    CHECK_INT(422, lab.status);
    repair(&lab, 7, 7, EVENT(7, "a", 2));
    CHECK_INT(422, lab.status);
    arena_reset(&arena);
    lab_close(&lab);
}

/* -- epochs -------------------------------------------------------------------------------- */

static const struct step epoch_steps[] = {
    {"a new epoch is met", "POST", "/v1/events",
        "{'epoch':'" EPOCH_2 "','token':3,'from':50,'to':51,'events':[]}", 409, "code", "epoch"},
    {"and begins at nothing", "GET", "/v1/state", NULL, 200, "desired_gen", "0"},
    {"with its own lease", "GET", "/v1/state", NULL, 200, "max_token", "3"},
    {"only a snapshot may come", "POST", "/v1/events",
        "{'epoch':'" EPOCH_2 "','token':3,'from':0,'to':1,'events':[]}", 409, "code",
        "need_snapshot"},
    {"nothing is proven in it", "GET", "/v1/state", NULL, 200, "converged.xray", "0"},
    {"it is not empty, though", "GET", "/v1/state", NULL, 200, "boot", "ready"},
};

static void
test_a_new_epoch_begins_with_a_snapshot(void)
{
    struct lab lab;
    struct arena arena = {0};

    lab_open(&lab, "xray");
    lab_snapshot(&lab, "s1", 50,
        arena_printf(&arena, "%s,%s", lab_event(&arena, 0, "xray", "a", 9, "{}"),
            lab_event(&arena, 0, "xray", "b", 9, "{}")));
    struct memory *xray = lab_memory(&lab, "xray");
    run_steps(&lab, epoch_steps, COUNT(epoch_steps));
    CHECK(memory_has(xray, "a", 9) && memory_has(xray, "b", 9)); /* it serves on */

    lab.status = 0;
    lab_part(&lab, "s2", 1, EPOCH_2, lab_event(&arena, 0, "xray", "a", 2, "{}"));
    CHECK_STR("fenced", lab_text(&lab, "code"));
    arena_reset(&arena);
    lab_close(&lab);
}

static void
test_versions_of_another_epoch_do_not_count(void)
{
    struct lab lab;
    struct arena arena = {0};

    lab_open(&lab, "xray");
    lab_snapshot(&lab, "s1", 50,
        arena_printf(&arena, "%s,%s", lab_event(&arena, 0, "xray", "a", 9, "{}"),
            lab_event(&arena, 0, "xray", "b", 9, "{}")));
    lab_part(&lab, "s2", 1, EPOCH_2, lab_event(&arena, 0, "xray", "a", 2, "{}"));
    lab_commit(&lab, "s2", 1, EPOCH_2, 4);
    CHECK_INT(200, lab.status);
    CHECK_INT(4, lab_int(&lab, "converged.xray"));
    CHECK(memory_has(lab_memory(&lab, "xray"), "a", 2));
    CHECK(works_find(&lab_memory(&lab, "xray")->held, "b") == NULL);
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_STR(EPOCH_2, lab_text(&lab, "epoch"));
    arena_reset(&arena);
    lab_close(&lab);
}

int
main(void)
{
    test_an_empty_state_takes_nothing_but_a_snapshot();
    test_the_token();
    test_batches();
    test_too_many_and_too_large();
    test_no_more_wait_than_there_is_room_for();
    test_a_key_is_what_its_highest_version_says();
    test_a_repair_moves_nothing();
    test_a_new_epoch_begins_with_a_snapshot();
    test_versions_of_another_epoch_do_not_count();
    return check_report("agent/protocol");
}
