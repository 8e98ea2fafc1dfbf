/* Snapshots: parts, their commit, and 10,000 keys at once. */
#include <malloc.h>

#include "agent/component.h"
#include "base/time.h"
#include "crypto/digest.h"
#include "daemons/agent/lab.h"

static const char *
keys(struct arena *arena, const char *names, int64_t ver)
{
    const char *events = "";

    for (; *names != '\0'; names++)
        events = arena_printf(arena, "%s%s%s", events, *events == '\0' ? "" : ",",
            lab_event(arena, 0, "xray", arena_printf(arena, "%c", *names), ver, "{}"));
    return events;
}

static bool
holds(struct lab *lab, const char *names, int64_t ver)
{
    for (; *names != '\0'; names++) {
        if (!memory_has(lab_memory(lab, "xray"), (char[]){*names, '\0'}, ver))
            return false;
    }
    return true;
}

/* -- parts --------------------------------------------------------------------------------- */

static void
test_parts_make_one_state(void)
{
    struct lab lab;
    struct arena arena = {0};

    lab_open(&lab, "xray");
    lab_part(&lab, "s1", 2, EPOCH, keys(&arena, "cd", 1));
    CHECK_INT(200, lab.status);
    lab_part(&lab, "s1", 1, EPOCH, keys(&arena, "xx", 1));
    lab_part(&lab, "s1", 1, EPOCH, keys(&arena, "ab", 1)); /* the same number: replaced */
    lab_part(&lab, "s1", 3, EPOCH, "");
    CHECK_INT(0, lab_memory(&lab, "xray")->applied);
    lab_commit(&lab, "s1", 3, EPOCH, 8);
    CHECK_INT(200, lab.status);
    CHECK_INT(8, lab_int(&lab, "desired_gen"));
    CHECK_INT(8, lab_int(&lab, "converged.xray"));
    CHECK(holds(&lab, "abcd", 1) && !holds(&lab, "x", 1));
    int64_t applied = lab_memory(&lab, "xray")->applied;
    lab_commit(&lab, "s1", 3, EPOCH, 8); /* its answer was lost */
    CHECK_INT(200, lab.status);
    CHECK_INT(applied, lab_memory(&lab, "xray")->applied);
    arena_reset(&arena);
    lab_close(&lab);
}

static void
test_a_missing_part_and_a_wrong_sum(void)
{
    struct lab lab;
    struct arena arena = {0};

    lab_open(&lab, "xray");
    lab_part(&lab, "s1", 1, EPOCH, keys(&arena, "ab", 1));
    lab_part(&lab, "s1", 3, EPOCH, keys(&arena, "ef", 1));
    memcpy(lab.sums[2], lab.sums[1], sizeof(lab.sums[2]));
    lab_commit(&lab, "s1", 3, EPOCH, 8);
    CHECK_STR("need_snapshot", lab_text(&lab, "code"));
    lab_commit(&lab, "s1", 2, EPOCH, 8);
    CHECK_STR("need_snapshot", lab_text(&lab, "code"));
    lab_part(&lab, "s1", 2, EPOCH, keys(&arena, "cd", 1));
    lab.sums[2][0] = lab.sums[2][0] == 'f' ? 'e' : 'f';
    lab_commit(&lab, "s1", 3, EPOCH, 8);
    CHECK_STR("need_snapshot", lab_text(&lab, "code"));
    CHECK_INT(0, lab_int(&lab, "desired_gen"));
    lab.sum = lab.sums[1];
    lab_call(
        &lab, "POST", "/v1/snapshots/s1/parts/4", "{'epoch':'" EPOCH "','token':1,'events':[]}");
    CHECK_INT(422, lab.status);
    CHECK_STR("x-sha256 is not the body's", lab_text(&lab, "detail"));
    lab_part(&lab, "s1", 2, EPOCH, keys(&arena, "cd", 1));
    lab_commit(&lab, "s1", 3, EPOCH, 8);
    CHECK(holds(&lab, "abcdef", 1));
    arena_reset(&arena);
    lab_close(&lab);
}

static void
test_a_new_snapshot_drops_the_parts_of_the_old(void)
{
    struct lab lab;
    struct arena arena = {0};

    lab_open(&lab, "xray");
    lab_part(&lab, "old", 1, EPOCH, keys(&arena, "ab", 1));
    lab_part(&lab, "new", 2, EPOCH, keys(&arena, "cd", 1));
    lab_commit(&lab, "new", 2, EPOCH, 8);
    CHECK_STR("need_snapshot", lab_text(&lab, "code"));
    lab_commit(&lab, "old", 1, EPOCH, 8);
    CHECK_STR("need_snapshot", lab_text(&lab, "code"));
    lab_part(&lab, "new", 1, EPOCH, keys(&arena, "ab", 1));
    lab_commit(&lab, "new", 2, EPOCH, 8);
    CHECK_INT(200, lab.status);
    arena_reset(&arena);
    lab_close(&lab);
}

static void
test_parts_that_are_none(void)
{
    struct lab lab;
    struct arena arena = {0};

    lab_open(&lab, "xray");
    lab_part(&lab, "s1", 1, EPOCH, lab_event(&arena, 5, "xray", "a", 1, "{}"));
    CHECK_INT(422, lab.status);
    lab_part(&lab, "s1", 0, EPOCH, "");
    CHECK_INT(422, lab.status);
    lab_part(&lab, "S!", 1, EPOCH, "");
    CHECK_INT(422, lab.status);
    lab_part(&lab, "s1", 1, "nonsense", "");
    CHECK_INT(422, lab.status);
    lab_part(&lab, "s1", 1, EPOCH, "{\"event_type\":\"X\"}");
    CHECK_INT(422, lab.status);
    lab_part(&lab, "s1", 1, EPOCH, lab_event(&arena, 0, "xray", "../a", 1, "{}"));
    CHECK_INT(422, lab.status);
    arena_reset(&arena);
    lab_close(&lab);
}

/* -- what a snapshot does to what is there ------------------------------------------------- */

static void
test_absent_keys_are_removed_and_newer_ones_kept(void)
{
    struct lab lab;
    struct arena arena = {0};

    lab_open(&lab, "xray");
    lab_snapshot(&lab, "s1", 8, keys(&arena, "abc", 3));
    lab_snapshot(
        &lab, "s2", 9, arena_printf(&arena, "%s,%s", keys(&arena, "b", 2), keys(&arena, "d", 1)));
    CHECK(holds(&lab, "b", 3) && holds(&lab, "d", 1)); /* 2 is older than what is known of b */
    CHECK(!holds(&lab, "a", 3) && !holds(&lab, "c", 3));
    lab_snapshot(&lab, "s3", 8, keys(&arena, "a", 9));
    CHECK_STR("gap", lab_text(&lab, "code")); /* it was read before what is known now */
    CHECK_INT(9, lab_int(&lab, "desired_gen"));
    lab_batch(&lab, 9, 10, lab_event(&arena, 10, "xray", "a", 4, "{}"));
    CHECK(holds(&lab, "a", 4));
    arena_reset(&arena);
    lab_close(&lab);
}

/* -- many ---------------------------------------------------------------------------------- */

enum {
    MANY = 10000,
    PER_PART = 1000
};

static const char *
many_events(struct arena *arena, int first)
{
    char *text = arena_alloc(arena, (size_t)PER_PART * 1024);
    size_t size = 0;

    for (int i = first; i < first + PER_PART; i++)
        size += (size_t)snprintf(text + size, 1024,
            "%s{\"event_type\":\"UPSERT_USER\",\"component\":\"xray\",\"aggregate_id\":"
            "\"%08d-0000-4000-8000-000000000000\",\"ver\":1,\"idempotency_key\":\"UPSERT_USER:"
            "VPS_T:%08d-0000-4000-8000-000000000000:1\",\"payload\":{\"user_pid\":"
            "\"0123456789abcdef0123\",\"connection_id\":\"%08d-0000-4000-8000-000000000000\","
            "\"connection_pid\":\"0123456789abcdef0123\",\"protocol\":\"vless_reality\",\"mode\":"
            "\"direct\",\"variant\":\"B1\",\"op_ts\":\"2026-11-24T10:00:00Z\",\"credentials\":["
            "{\"revision_id\":\"%08d-1111-4000-8000-000000000000\",\"slot\":0,\"marker\":"
            "\"r-0123456789abcdef0123\",\"uuid\":\"%08d-2222-4000-8000-000000000000\",\"flow\":"
            "\"xtls-rprx-vision\",\"sni\":\"example.org\",\"credential_key\":\"k\"}]}}",
            i == first ? "" : ",", i, i, i, i, i);
    return text;
}

static int
pss_kib(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    char line[256];
    int kib = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "Pss: %d", &kib) == 1)
            break;
    }
    if (file != NULL)
        fclose(file);
    return kib;
}

/* All are there, compared and swept. */
static bool
is_whole(struct lab *lab)
{
    return lab_memory(lab, "xray")->held.counts[WORK_RUNNING] == MANY &&
        agent_component(&lab->agent, "xray")->verified;
}

static void
test_ten_thousand_keys(void)
{
    struct lab lab;
    usec_t start, sent, committed;

    lab_open(&lab, "xray");
    start = time_monotonic();
    for (int n = 0; n < MANY / PER_PART; n++) {
        struct arena arena = {0};
        lab_part(&lab, "many", n + 1, EPOCH, many_events(&arena, n * PER_PART));
        CHECK_INT(200, lab.status);
        arena_reset(&arena);
    }
    sent = time_monotonic();
    lab_commit(&lab, "many", MANY / PER_PART, EPOCH, 77);
    CHECK_INT(200, lab.status);
    lab_until(&lab, is_whole);
    committed = time_monotonic();
    CHECK_INT(MANY, (long long)lab_memory(&lab, "xray")->held.counts[WORK_RUNNING]);
    malloc_trim(0);
    printf("# %d keys: parts %lld ms, commit to converged %lld ms, PSS %d KiB with the gateway\n",
        MANY, (long long)(sent - start) / 1000, (long long)(committed - sent) / 1000, pss_kib());

    start = time_monotonic();
    lab_reopen(&lab);
    lab_until(&lab, is_whole);
    sent = time_monotonic();
    component_up(agent_component(&lab.agent, "xray"), "another");
    lab_until(&lab, is_whole);
    printf("# start to whole, gateway empty: %lld ms; compare all: %lld ms; PSS %d KiB\n",
        (long long)(sent - start) / 1000, (long long)(time_monotonic() - sent) / 1000, pss_kib());
    lab_close(&lab);
}

int
main(void)
{
    test_parts_make_one_state();
    test_a_missing_part_and_a_wrong_sum();
    test_a_new_snapshot_drops_the_parts_of_the_old();
    test_parts_that_are_none();
    test_absent_keys_are_removed_and_newer_ones_kept();
    test_ten_thousand_keys();
    return check_report("agent/snapshot");
}
