#include "domain/overrides.h"

#include <string.h>

#include "harness/check.h"

static struct arena arena;

static const struct {
    const char *json;
    const char *bad; /* the keys that the refusal names; NULL when nothing is wrong */
} cases[] = {
    {"{}", NULL},
    {"{\"camouflage_sni_id\": 1, \"connect_timeout_ms\": 100, \"dial_timeout_ms\": 60000}", NULL},
    {"{\"local_socks_port\": 65535, \"tcp_fast_open\": false}", NULL},
    {"{\"local_socks_port\": \"1024\"}", NULL},
    {"{\"connect_timeout_ms\": 99}", "connect_timeout_ms"},
    {"{\"connect_timeout_ms\": 60001}", "connect_timeout_ms"},
    {"{\"dial_timeout_ms\": 1.5}", "dial_timeout_ms"},
    {"{\"local_socks_port\": 1023}", "local_socks_port"},
    {"{\"tcp_fast_open\": 1}", "tcp_fast_open"},
    {"{\"tcp_fast_open\": null}", "tcp_fast_open"},
    {"{\"camouflage_sni_id\": 0}", "camouflage_sni_id"},
    {"{\"camouflage_sni_id\": []}", "camouflage_sni_id"},
    {"{\"ws_path\": \"/\"}", "ws_path"},
    {"{\"port\": 1, \"tcp_fast_open\": true, \"dial_timeout_ms\": {}, \"\": 1}",
        "port, dial_timeout_ms, "},
    {"{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": 1}",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    /* cut between characters, never within one */
    {"{\"aффффффффффффффффффффффффф\": 1}", "aффффффффффффффффффф"},
};

static void
test_3_8_every_bad_key_is_named(void)
{
    static const char head[] = "These overrides are not allowed: ";
    const void *record;
    struct err err;

    for (size_t i = 0; i < COUNT(cases); i++) {
        bool fine = overrides_read(&reality_overrides_schema, cases[i].json, &arena, &record, &err);

        if (cases[i].bad == NULL)
            check_int(cases[i].json, true, fine);
        else if (fine)
            check_failed(cases[i].json, "was not refused");
        else
            check_str(cases[i].json, arena_printf(&arena, "%s%s", head, cases[i].bad), err.detail);
    }
}

static void
test_3_8_of_very_many_bad_keys_the_rest_is_counted(void)
{
    const char *json = "{\"k\": 1";
    const void *record;
    struct err err;

    for (int i = 100; i < 200; i++)
        json = arena_printf(&arena, "%s, \"a_long_enough_key_%d\": 1", json, i);
    json = arena_printf(&arena, "%s}", json);
    CHECK(!overrides_read(&reality_overrides_schema, json, &arena, &record, &err));
    CHECK(strstr(err.detail, " and 93 more") != NULL);
}

static void
test_3_8_what_is_not_given_has_its_default(void)
{
    const struct reality_overrides *overrides;
    const void *record;
    struct err err;

    CHECK(overrides_read(
        &reality_overrides_schema, "{\"dial_timeout_ms\": 500}", &arena, &record, &err));
    overrides = record;
    CHECK_INT(500, overrides->dial_timeout_ms);
    CHECK_INT(8000, overrides->connect_timeout_ms);
    CHECK_INT(1080, overrides->local_socks_port);
    CHECK(overrides->tcp_fast_open);
}

int
main(void)
{
    test_3_8_every_bad_key_is_named();
    test_3_8_of_very_many_bad_keys_the_rest_is_counted();
    test_3_8_what_is_not_given_has_its_default();
    arena_reset(&arena);
    return check_report("domain/overrides");
}
