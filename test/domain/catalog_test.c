#include "domain/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "harness/check.h"

static struct arena arena;

/* The file's text as a catalogue; what is wrong with it, or "". */
static const char *
load(const char *text, struct catalog *catalog)
{
    char path[] = "/tmp/catalog-XXXXXX";
    int fd = mkstemp(path);
    struct err err = {0};

    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    bool done = catalog_load(path, &arena, catalog, &err);
    unlink(path);
    return done ? "" : arena_strdup(&arena, strchr(err.detail, ':') + 1);
}

static const char names[] = "- {id: 1, fqdn: off.example.org, enabled: false}\n"
                            "- {id: 2, fqdn: www.example.org, providers: [mts]}\n"
                            "- {id: 4, fqdn: a.example.net, providers: [t2, mts]}\n"
                            "- {id: 7, fqdn: b.example.net, note: spare}\n";

static void
test_the_shipped_catalogue_loads(void)
{
    struct catalog catalog;
    struct err err;

    CHECK(catalog_load("staticdata/sni_catalog.yaml", &arena, &catalog, &err));
    CHECK(catalog.names.count >= 40);
}

static void
test_a_bad_file_is_refused_with_line_and_reason(void)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"", "1: the file is empty"},
        {"id: 1\n", "1: must be a list of names"},
        {"- {id: 1, fqdn: a.example.org}\n- {id: 1, fqdn: b.example.org}\n",
            "2: id 1 does not ascend"},
        {"- {id: 1, fqdn: a.example.org}\n- {id: 2, fqdn: a.example.org}\n",
            "2: a.example.org stands twice"},
        {"- {id: 1, fqdn: a.example.org, enabeld: true}\n", "1: enabeld is no key of an entry"},
        {"\n- {id: 1, fqdn: 'A.example.org'}\n", "2: [\"body\",\"fqdn\"]: "},
        {"- {id: 0, fqdn: a.example.org}\n", "1: [\"body\",\"id\"]: "},
        {"- {id: 1, fqdn: a.example.org, providers: [nobody]}\n",
            "1: [\"body\",\"providers\",0]: "},
        {"- {id: 1, fqdn: a.example.org\n", ": "},
        {"- {id: 1, id: 2, fqdn: a.example.org}\n", "1: this key stands twice"},
    };
    struct catalog catalog;

    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(strstr(load(cases[i].text, &catalog), cases[i].fault) != NULL);
}

/* What is chosen, or the code of the refusal. */
static const char *
choose(const struct turn *turn, int64_t id, const char *provider)
{
    const struct catalog_wish wish = {{id != 0, id}, provider};
    const struct sni *sni;
    struct err err;

    return catalog_choose(turn, &wish, &sni, &err) ? sni->fqdn : err_kinds[err.code].code;
}

static void
test_3_10_request_then_provider_then_first_enabled(void)
{
    static const char *const suffixes[] = {".example.net", "example.com"};
    struct settings settings = {0};
    struct catalog catalog;
    struct turn turn = {.arena = &arena, .settings = &settings, .catalog = &catalog};

    CHECK_STR("", load(names, &catalog));
    CHECK_STR("www.example.org", choose(&turn, 0, NULL));
    CHECK_STR("a.example.net", choose(&turn, 0, "t2"));
    CHECK_STR("www.example.org", choose(&turn, 0, "beeline"));
    CHECK_STR("b.example.net", choose(&turn, 7, "t2"));
    CHECK_STR("sni_unavailable", choose(&turn, 1, NULL));
    CHECK_STR("sni_unavailable", choose(&turn, 99, NULL));
    settings.reality_sni_allow_suffixes = (struct list){suffixes, COUNT(suffixes)};
    CHECK_STR("sni_policy", choose(&turn, 0, NULL));
    CHECK_STR("a.example.net", choose(&turn, 4, NULL));
    CHECK_STR("", load("- {id: 1, fqdn: off.example.org, enabled: false}\n", &catalog));
    CHECK_STR("sni_none", choose(&turn, 0, NULL));
}

static void
test_3_10_a_suffix_is_not_a_parent(void)
{
    static const char *const rules[] = {".example.net", "example.com"};
    const struct settings settings = {.reality_sni_allow_suffixes = {rules, COUNT(rules)}};

    CHECK(catalog_allows(&settings, "a.example.net"));
    CHECK(!catalog_allows(&settings, "example.net"));
    CHECK(catalog_allows(&settings, "example.com"));
    CHECK(catalog_allows(&settings, "www.example.com"));
    CHECK(!catalog_allows(&settings, "badexample.com"));
}

static void
test_lists_are_filtered_and_sorted_by_name(void)
{
    struct settings settings = {0};
    struct catalog catalog;
    const struct turn turn = {.arena = &arena, .settings = &settings, .catalog = &catalog};
    struct list list;

    CHECK_STR("", load(names, &catalog));
    catalog_list(&turn, &(struct catalog_query){.enabled_only = true}, &list);
    CHECK_INT(3, (long long)list.count);
    CHECK_STR("a.example.net", ((const struct sni *)list.at)[0].fqdn);
    catalog_list(&turn, &(struct catalog_query){.enabled_only = false}, &list);
    CHECK_INT(4, (long long)list.count);
    catalog_list(&turn, &(struct catalog_query){"other", true, NULL}, &list);
    CHECK_INT(1, (long long)list.count);
    catalog_list(&turn, &(struct catalog_query){"mts", true, NULL}, &list);
    CHECK_INT(2, (long long)list.count);
}

int
main(void)
{
    test_the_shipped_catalogue_loads();
    test_a_bad_file_is_refused_with_line_and_reason();
    test_3_10_request_then_provider_then_first_enabled();
    test_3_10_a_suffix_is_not_a_parent();
    test_lists_are_filtered_and_sorted_by_name();
    arena_reset(&arena);
    return check_report("domain/catalog");
}
