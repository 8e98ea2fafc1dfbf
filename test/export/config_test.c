#include "export/config.h"

#include <string.h>

#include "export/part.h"
#include "harness/check.h"

#define UUID "6f1b9a0e-3c57-4d21-9e88-0f5b7a2c4d11"
#define KEY  "BxQhLjtIVWJvfImWo7C9ytfk8f4LGCUyP0xZZnOAjZo="

static struct arena arena;
static struct err err;

static bool
reads(const struct schema *schema, const char *text, void *record)
{
    const struct export_source source = {.effective_config_json = text};

    return config_read(schema, &source, &arena, record, &err);
}

static const char *
item(const struct list *list, size_t index)
{
    return index < list->count ? ((const char *const *)list->at)[index] : "";
}

static void
test_what_older_releases_left_out_has_its_default(void)
{
    struct wireguard_client wireguard;
    struct hysteria_client hysteria;
    struct vless_client vless;

    CHECK(reads(&reality_export_schema,
        "{\"server\":\"t\",\"port\":\"443\",\"uuid\":\"" UUID "\",\"sni\":\"s\",\"reality\":"
        "{\"public_key\":\"p\",\"short_id\":\"\"}}",
        &vless));
    CHECK_INT(443, vless.port);
    CHECK_STR("xtls-rprx-vision", vless.flow);
    CHECK_STR("127.0.0.1:1080", vless.local_socks->listen);
    CHECK_INT(8000, vless.client_options->connect_timeout_ms);
    CHECK(reads(&hysteria_export_schema,
        "{\"server\":\"t\",\"port\":443,\"auth\":{\"password\":\"x\"}}", &hysteria));
    CHECK(!hysteria.insecure && hysteria.sni == NULL && hysteria.obfs == NULL);
    CHECK_STR("127.0.0.1:1080", part_local(&hysteria)->listen);
    CHECK_STR("x", part_auth(hysteria.auth, &arena));
    CHECK(reads(&wireguard_export_schema,
        "{\"endpoint\":\"t:1\",\"interface\":{\"addresses\":[\"10.0.0.1/32\"],\"private_key\":\"" KEY
        "\"},\"peer\":{\"public_key\":\"" KEY "\"}}",
        &wireguard));
    CHECK_INT(1420, wireguard.interface->mtu);
    CHECK_INT(0, (long long)wireguard.interface->dns.count);
    CHECK_STR("0.0.0.0/0", item(&wireguard.peer->allowed_ips, 0));
    CHECK_INT(25, wireguard.peer->persistent_keepalive);
}

/* What would end a line of a file, or a part of a link. */
static void
test_nothing_can_be_smuggled_in(void)
{
    static const char *const endpoints[] = {
        "t", "t:0", "t:65536", "t:1\\nPostUp = x", "t/#:1", "[::1]:1", ":1", "t:1:1"};
    struct wireguard_client wireguard;

    for (size_t i = 0; i < COUNT(endpoints); i++) {
        CHECK(!reads(&wireguard_export_schema,
            arena_printf(&arena,
                "{\"endpoint\":\"%s\",\"interface\":{\"addresses\":[\"10.0.0.1/32\"],"
                "\"private_key\":\"" KEY "\"},\"peer\":{\"public_key\":\"" KEY "\"}}",
                endpoints[i]),
            &wireguard));
        CHECK_INT(ERR_EXPORT_CONFIG, err.code);
        CHECK(strstr(err.detail, ": endpoint") != NULL);
    }
}

int
main(void)
{
    test_what_older_releases_left_out_has_its_default();
    test_nothing_can_be_smuggled_in();
    arena_reset(&arena);
    return check_report("export/config");
}
