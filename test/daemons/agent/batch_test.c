/* Bodies of batches: what is taken is JSON, whatever is done to it. */
#include "agent/batch.h"

#include <stdio.h>
#include <string.h>

#include "harness/check.h"
#include "schema/json.h"

static const char good[] =
    "{\"epoch\":\"11111111-1111-4111-8111-111111111111\",\"token\":1,\"from\":0, \"to\":9 ,"
    "\"x\":[{\"events\":[1]},\"]}\\\"\"],\"events\" : [ {\"gen\":1,\"event_type\":\"A\","
    "\"component\":\"xray\",\"aggregate_id\":\"a-1\",\"ver\":1,\"payload\":{\"t\":\"\\\"]}\","
    "\"l\":[1,2.5,true,null,[{}]]}} ,\n{\"gen\":2,\"event_type\":\"B\",\"component\":\"bundle\","
    "\"aggregate_id\":\"b\",\"ver\":2,\"payload\":null}],\"repair\":false}";

/* How many events; -1 when it is refused as it should be. */
static int
read_all(const char *body, size_t size, enum batch_kind kind)
{
    struct arena arena = {0};
    struct batch batch;
    struct event event;
    struct err err = {0};
    int count = -1;

    if (batch_read(kind, body, size, &arena, &batch, &err)) {
        while (batch_next(&batch, &event))
            continue;
        if (batch_ended(&batch, &err))
            count = (int)batch.count;
    }
    arena_reset(&arena);
    return count >= 0 || err.code == ERR_BATCH ? count : (int)err.code;
}

static bool
is_json(const char *body, size_t size)
{
    struct arena arena = {0};
    struct json_object *json;
    bool read = json_read(&arena, body, size, &json);

    arena_reset(&arena);
    return read;
}

static void
test_a_batch_is_read(void)
{
    struct arena arena = {0};
    struct batch batch;
    struct event event;
    struct err err = {0};

    CHECK(batch_read(BATCH_EVENTS, good, strlen(good), &arena, &batch, &err));
    CHECK_INT(1, batch.head.token);
    CHECK_INT(9, batch.head.to);
    CHECK(batch_next(&batch, &event));
    CHECK_STR("a-1", event.aggregate_id);
    CHECK_STR("{\"t\":\"\\\"]}\",\"l\":[1,2.5,true,null,[{}]]}", event.payload);
    CHECK(batch_next(&batch, &event));
    CHECK(event.payload == NULL);
    CHECK(!batch_next(&batch, &event));
    CHECK(batch_ended(&batch, &err));
    arena_reset(&arena);
}

/* Every cut, and every byte replaced by each of these: where a batch is read, it is JSON. */
static void
test_what_is_read_is_json(void)
{
    static const char others[] = "{}[]\",:\\ 0x\x01\x80'N";
    char body[sizeof(good)];
    int wrong = 0, taken = 0;

    for (size_t size = 0; size < strlen(good); size++) {
        memcpy(body, good, size);
        body[size] = '\0';
        wrong += read_all(body, size, BATCH_EVENTS) >= 0;
    }
    for (size_t at = 0; at < strlen(good); at++) {
        for (size_t other = 0; other < sizeof(others); other++) {
            memcpy(body, good, sizeof(good));
            body[at] = others[other]; /* the last one is the NUL */
            if (read_all(body, strlen(good), BATCH_EVENTS) < 0)
                continue;
            taken++;
            wrong += !is_json(body, strlen(good));
        }
    }
    CHECK_INT(0, wrong);
    CHECK(taken > 100); /* inside texts much may stand */
}

static void
test_names(void)
{
    CHECK(name_is_good("base-vps-t", 128) && name_is_good("a.b:c_d-1", 128));
    CHECK(!name_is_good("", 128) && !name_is_good("..", 128) && !name_is_good("a/b", 128));
    CHECK(!name_is_good("A", 128) && !name_is_good("a b", 128) && !name_is_good("abc", 2));
}

static void
test_what_is_no_batch(void)
{
    static const char head[] = "{\"epoch\":\"11111111-1111-4111-8111-111111111111\",\"token\":";
    static const char *const bodies[] = {"", "null", "[]", "{}", "1", "\"events\"",
        "{\"events\":1}", "{\"events\":[]}", "{\"events\":[", "{\"events\":[]", "[{\"events\":[]}]",
        "{\"epoch\":1,\"token\":1,\"from\":0,\"to\":0,\"events\":[]}"};
    struct arena arena = {0};

    const char *negative = arena_printf(&arena, "%s-1,\"from\":0,\"to\":0,\"events\":[]}", head);
    CHECK_INT(-1, read_all(negative, strlen(negative), BATCH_EVENTS));
    arena_reset(&arena);
    for (size_t i = 0; i < COUNT(bodies); i++)
        CHECK_INT(-1, read_all(bodies[i], strlen(bodies[i]), BATCH_EVENTS));
    CHECK_INT(2, read_all(good, strlen(good), BATCH_PART)); /* from and to mean nothing there */
}

int
main(void)
{
    test_a_batch_is_read();
    test_what_is_read_is_json();
    test_names();
    test_what_is_no_batch();
    return check_report("agent/batch");
}
