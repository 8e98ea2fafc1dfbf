#include "domain/overrides.h"

#include <string.h>

#include "harness/check.h"

static struct arena arena;

#define REALITY   &reality_overrides_schema
#define WS        &ws_overrides_schema
#define HYSTERIA  &hysteria_overrides_schema
#define WIREGUARD &wireguard_overrides_schema

static const struct {
    const struct schema *schema;
    const char *json;
    const char *bad; /* the keys that the refusal names; NULL when nothing is wrong */
} cases[] = {
    {REALITY, "{}", NULL},
    {REALITY, "{\"camouflage_sni_id\": 1, \"connect_timeout_ms\": 100, \"dial_timeout_ms\": 60000}",
        NULL},
    {REALITY, "{\"local_socks_port\": 65535, \"tcp_fast_open\": false}", NULL},
    {REALITY, "{\"local_socks_port\": \"1024\"}", NULL},
    {REALITY, "{\"connect_timeout_ms\": 99}", "connect_timeout_ms"},
    {REALITY, "{\"connect_timeout_ms\": 60001}", "connect_timeout_ms"},
    {REALITY, "{\"dial_timeout_ms\": 1.5}", "dial_timeout_ms"},
    {REALITY, "{\"local_socks_port\": 1023}", "local_socks_port"},
    {REALITY, "{\"tcp_fast_open\": 1}", "tcp_fast_open"},
    {REALITY, "{\"tcp_fast_open\": null}", "tcp_fast_open"},
    {REALITY, "{\"camouflage_sni_id\": 0}", "camouflage_sni_id"},
    {REALITY, "{\"camouflage_sni_id\": []}", "camouflage_sni_id"},
    {REALITY, "{\"ws_path\": \"/\"}", "ws_path"},
    {REALITY, "{\"port\": 1, \"tcp_fast_open\": true, \"dial_timeout_ms\": {}, \"\": 1}",
        "port, dial_timeout_ms, "},
    {REALITY, "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": 1}",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    /* cut between characters, never within one */
    {REALITY, "{\"aффффффффффффффффффффффффф\": 1}", "aффффффффффффффффффф"},

    {WS,
        "{\"connect_timeout_ms\": 100, \"dial_timeout_ms\": 100, \"local_socks_port\": 1024,"
        " \"tcp_fast_open\": true, \"tls_insecure\": false}",
        NULL},
    {WS, "{\"ws_path\": \"/\", \"ws_host\": \"localhost\", \"tls_server_name\": \"a-1.b.net\"}",
        NULL},
    {WS, "{\"ws_path\": \"/a:b//c:/d?ed=2048\"}", NULL},
    {WS, "{\"ws_path\": \"/a:/:b::/c:\"}", NULL},
    {WS, "{\"camouflage_sni_id\": 1}", "camouflage_sni_id"},
    {WS, "{\"ws_path\": \"\"}", "ws_path"},
    {WS, "{\"ws_path\": \"ws\"}", "ws_path"},
    {WS, "{\"ws_path\": \"/a b\"}", "ws_path"},
    {WS, "{\"ws_path\": \"/дом\"}", "ws_path"},
    {WS, "{\"ws_path\": \"/http://x\"}", "ws_path"},
    {WS, "{\"ws_path\": \"/x:://\"}", "ws_path"},
    {WS, "{\"ws_host\": \"192.0.2.1\", \"tls_server_name\": \"a_b.net\"}",
        "ws_host, tls_server_name"},
    {WS, "{\"ws_host\": \"a.net:443\", \"tls_server_name\": \"\", \"tls_insecure\": \"yes\"}",
        "ws_host, tls_server_name, tls_insecure"},
    {WS, "{\"port\": 443, \"flow\": \"\"}", "port, flow"},

    {HYSTERIA,
        "{\"client_mode\": \"tun\", \"up_mbps\": 1, \"down_mbps\": 10000,"
        " \"socks_listen\": \"127.0.0.1:1\", \"http_listen\": \"127.255.0.9:65535\"}",
        NULL},
    {HYSTERIA, "{\"socks_listen\": \"localhost:1080\", \"http_listen\": \"[::1]:8080\"}", NULL},
    {HYSTERIA, "{\"client_mode\": \"SOCKS\", \"up_mbps\": 0, \"down_mbps\": 10001}",
        "client_mode, up_mbps, down_mbps"},
    {HYSTERIA, "{\"socks_listen\": \"0.0.0.0:1080\", \"http_listen\": \":8080\"}",
        "socks_listen, http_listen"},
    {HYSTERIA, "{\"socks_listen\": \"127.0.0.1\", \"http_listen\": \"127.0.0.1:65536\"}",
        "socks_listen, http_listen"},
    {HYSTERIA, "{\"socks_listen\": \"127.0.0.256:1\", \"http_listen\": \"127.0.0.1:0\"}",
        "socks_listen, http_listen"},
    {HYSTERIA, "{\"obfs\": null, \"insecure\": true, \"port\": 1}", "obfs, insecure, port"},

    {WIREGUARD,
        "{\"dns\": [\"9.9.9.9\"], \"mtu\": 1200, \"persistent_keepalive\": 0,"
        " \"allowed_ips\": [\"10.0.0.0/8\", \"0.0.0.0/0\", \"1.2.3.4/32\", \"::/0\"]}",
        NULL},
    {WIREGUARD, "{\"mtu\": 1420, \"persistent_keepalive\": 600}", NULL},
    {WIREGUARD, "{\"mtu\": 1199, \"persistent_keepalive\": 601}", "mtu, persistent_keepalive"},
    {WIREGUARD, "{\"mtu\": 1421, \"persistent_keepalive\": -1}", "mtu, persistent_keepalive"},
    {WIREGUARD, "{\"dns\": \"1.1.1.1\", \"allowed_ips\": {}}", "dns, allowed_ips"},
    {WIREGUARD, "{\"dns\": [\"1.1.1.256\"], \"allowed_ips\": [\"10.0.0.0\"]}", "dns, allowed_ips"},
    {WIREGUARD, "{\"dns\": [\"::1\"], \"allowed_ips\": [\"10.0.0.0/33\"]}", "dns, allowed_ips"},
    {WIREGUARD, "{\"dns\": [1], \"allowed_ips\": [\"10.0.0.0/8\", null]}", "dns, allowed_ips"},
    {WIREGUARD,
        "{\"dns\": [\"1.1.1.1\", \"1.1.1.1\", \"1.1.1.1\", \"1.1.1.1\", \"1.1.1.1\","
        " \"1.1.1.1\", \"1.1.1.1\", \"1.1.1.1\", \"1.1.1.1\"]}",
        "dns"},
    {WIREGUARD, "{\"dns\": [], \"allowed_ips\": []}", "dns, allowed_ips"},
    {WIREGUARD, "{\"dns\": [\"1.1.1.1\\nPostUp = x\"]}", "dns"},
    {WIREGUARD, "{\"listen_port\": 51820, \"private_key\": \"x\"}", "listen_port, private_key"},
};

static void
test_3_8_every_bad_key_is_named(void)
{
    static const char head[] = "These overrides are not allowed: ";
    const void *record;
    struct err err;

    for (size_t i = 0; i < COUNT(cases); i++) {
        bool fine = overrides_read(cases[i].schema, cases[i].json, &arena, &record, &err);

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
    const struct vless_overrides *overrides;
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
