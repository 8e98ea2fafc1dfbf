#include "domain/target.h"

#include "base/str.h"
#include "harness/check.h"
#include "schema/json.h"

static struct arena arena;

static const char *
text_of(struct json_object *json, const char *key)
{
    return json_object_get_string(json_object_object_get(json, key));
}

/* The roles that hear of a connection, separated by spaces; NULL when none is named. */
static const char *
roles(enum entry_mode entry, const char *protocol, const char *mode)
{
    const struct settings settings = {.entry_mode = (int)entry};
    struct json_object *json = json_tokener_parse(targets_text(&settings, &arena));
    const char *found = "";

    json_adopt(&arena, json);
    for (size_t i = 0; i < json_object_array_length(json); i++) {
        struct json_object *target = json_object_array_get_idx(json, i);

        if (str_eq(text_of(target, "protocol"), protocol) && str_eq(text_of(target, "mode"), mode))
            found = arena_printf(
                &arena, "%s%s:%s ", found, text_of(target, "role"), text_of(target, "component"));
    }
    return found;
}

static void
test_3_5_only_a_role_with_an_inbound_hears_of_it(void)
{
    static const struct {
        const char *protocol, *mode, *forwarded, *split;
    } cases[] = {
        {"vless_reality", "direct", "VPS_T:xray ", "VPS_T:xray "},
        {"vless_reality", "chain", "VPS_T:xray ", "VPS_E:xray "},
        {"vless_ws_tls", "direct", "VPS_T:xray ", "VPS_T:xray "},
        {"vless_ws_tls", "chain", "VPS_T:xray ", "VPS_E:xray "},
        {"hysteria2", "direct", "VPS_T:hysteria ", "VPS_T:hysteria "},
        {"wireguard", "direct", "VPS_T:wireguard ", "VPS_T:wireguard "},
        {"wireguard", "chain", "", ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_STR(cases[i].forwarded, roles(ENTRY_TCP_FORWARD, cases[i].protocol, cases[i].mode));
        CHECK_STR(cases[i].split, roles(ENTRY_XRAY, cases[i].protocol, cases[i].mode));
    }
}

static void
test_3_5_one_connection_is_told_by_its_own_rows(void)
{
    const struct settings settings = {.entry_mode = ENTRY_XRAY};

    CHECK_STR("[{\"protocol\":\"vless_reality\",\"mode\":\"chain\",\"role\":\"VPS_E\","
              "\"component\":\"xray\",\"upsert\":\"UPSERT_USER\","
              "\"remove\":\"REVOKE_CONNECTION\"}]",
        targets_text_of(&settings, "vless_reality", "chain", &arena));
}

int
main(void)
{
    test_3_5_only_a_role_with_an_inbound_hears_of_it();
    test_3_5_one_connection_is_told_by_its_own_rows();
    arena_reset(&arena);
    return check_report("domain/target");
}
