#include "export/part.h"

#include "harness/check.h"

static struct arena arena;

static const char *
item(const struct list *list, size_t index)
{
    return index < list->count ? ((const char *const *)list->at)[index] : "";
}

static void
test_where_a_client_listens(void)
{
    static const struct {
        const char *text, *host;
        int port;
    } cases[] = {
        {"127.0.0.1:1080", "127.0.0.1", 1080},
        {"localhost:1", "127.0.0.1", 1},
        {"[::1]:65535", "::1", 65535},
    };
    const struct local_part socks = {true, "s"}, http = {true, "h"}, off = {false, "o"};

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct host_port at = part_endpoint(cases[i].text, &arena);

        CHECK_STR(cases[i].host, at.host);
        CHECK_INT(cases[i].port, at.port);
    }
    CHECK_STR("h",
        part_local(&(struct hysteria_client){.local_socks = &socks, .local_http = &http})->listen);
    CHECK_STR("s",
        part_local(&(struct hysteria_client){.local_socks = &socks, .local_http = &off})->listen);
}

static void
test_who_sends_all_sends_ipv6_too(void)
{
    static const struct {
        const char *allowed[2];
        size_t count;
        const char *added;
    } cases[] = {
        {{"0.0.0.0/0"}, 1, "::/0"},
        {{"0.0.0.0/0", "::/0"}, 2, ""},
        {{"10.0.0.0/8"}, 1, ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct list allowed = {cases[i].allowed, cases[i].count};
        const struct list all = part_allowed_ips(&allowed, &arena);

        CHECK_STR(cases[i].allowed[0], item(&all, 0));
        CHECK_STR(cases[i].added, item(&all, cases[i].count));
    }
}

static void
test_a_pin_has_one_spelling(void)
{
    CHECK_STR("ab01", part_pin("AB:01", &arena));
    CHECK(part_pin(NULL, &arena) == NULL);
}

int
main(void)
{
    test_where_a_client_listens();
    test_who_sends_all_sends_ipv6_too();
    test_a_pin_has_one_spelling();
    arena_reset(&arena);
    return check_report("export/part");
}
