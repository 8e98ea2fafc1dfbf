#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/check.h"
#include "settings/settings.h"

static struct arena arena;

/* The faults of a program that is told these; pairs of name and value up to a NULL. */
static const char *
load(struct settings *settings, enum program program, const char *const *pairs)
{
    const char *faults;

    clearenv();
    for (; *pairs != NULL; pairs += 2)
        setenv(pairs[0], pairs[1], 1);
    CHECK(settings_load(settings, program, &arena, &faults) == (*faults == '\0'));
    return faults;
}

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define DATABASE   "DATABASE_URL", "dbname=x"
#define PSEUDONYM  "PSEUDONYM_SECRET", "0123456789012345678901234567890123"

static void
test_what_is_not_given_is_the_default(void)
{
    struct settings settings;

    CHECK_STR("", load(&settings, PROGRAM_HANDLER, PAIRS(DATABASE, PSEUDONYM)));
    CHECK_STR("dbname=x", settings.database_url);
    CHECK_STR("bundles", settings.bundle_root);
    CHECK_STR("", settings.reality_public_key);
    CHECK_INT(3600, settings.revision_undo_seconds);
    CHECK_INT(443, settings.vless_reality_port);
    CHECK_INT(0, (long long)settings.superadmin_telegram_ids.count);
}

static void
test_lists_and_words_are_read(void)
{
    struct settings settings;

    CHECK_STR("",
        load(&settings, PROGRAM_HANDLER,
            PAIRS(DATABASE, PSEUDONYM, "SUPERADMIN_TELEGRAM_IDS", "[7, 8]",
                "REALITY_SNI_ALLOW_SUFFIXES", "[\".example.org\"]", "ENTRY_MODE", "xray")));
    CHECK_INT(2, (long long)settings.superadmin_telegram_ids.count);
    CHECK_INT(8, ((const int64_t *)settings.superadmin_telegram_ids.at)[1]);
    CHECK_STR(".example.org", *(const char *const *)settings.reality_sni_allow_suffixes.at);
    CHECK_INT(ENTRY_XRAY, settings.entry_mode);
}

static void
test_every_fault_is_named_and_no_value(void)
{
    struct settings settings;
    const char *faults = load(&settings, PROGRAM_HANDLER,
        PAIRS("PSEUDONYM_SECRET", "sesame", "ENTRY_MODE", "sideways", "REVISION_UNDO_SECONDS", "-1",
            "REALITY_SHORTID", "00"));

    CHECK(strstr(faults, "DATABASE_URL: is required") != NULL);
    CHECK(strstr(faults, "PSEUDONYM_SECRET: must have at least 32 characters") != NULL);
    CHECK(strstr(faults, "ENTRY_MODE: ") != NULL);
    CHECK(strstr(faults, "REVISION_UNDO_SECONDS: must be a number from 0 to") != NULL);
    CHECK(strstr(faults, "REALITY_SHORTID: is no setting") != NULL);
    CHECK(strstr(faults, "sesame") == NULL && strstr(faults, "sideways") == NULL);
}

static void
test_placeholders_are_for_developers(void)
{
    struct settings settings;

    CHECK_STR("",
        load(&settings, PROGRAM_AUTH,
            PAIRS(DATABASE, PSEUDONYM, "API_INTERNAL_TOKEN", "change-me", "APP_ENV", "dev")));
    CHECK_STR("change-me", settings.api_internal_token);
    CHECK(*load(&settings, PROGRAM_AUTH,
              PAIRS(DATABASE, PSEUDONYM, "API_INTERNAL_TOKEN", "change-me", "APP_ENV", "prod")) !=
        '\0');
    CHECK(*load(&settings, PROGRAM_AUTH,
              PAIRS(DATABASE, PSEUDONYM, "API_INTERNAL_TOKEN", "CHANGE_ME_TO_SOMETHING")) != '\0');
}

static void
test_a_setting_may_be_a_file(void)
{
    struct settings settings;
    char path[] = "/tmp/settings-XXXXXX";
    int fd = mkstemp(path);

    CHECK(write(fd, "0123456789012345678901234567890123\n", 35) == 35);
    close(fd);
    CHECK_STR("",
        load(&settings, PROGRAM_DISPATCHER,
            PAIRS(DATABASE, "PSEUDONYM_SECRET_FILE", path, "AGENT_AUTH_TOKEN_FILE", path)));
    CHECK_STR("0123456789012345678901234567890123", settings.pseudonym_secret);
    CHECK_STR("PSEUDONYM_SECRET: is given twice, by itself and as a file",
        load(
            &settings, PROGRAM_HANDLER, PAIRS(DATABASE, PSEUDONYM, "PSEUDONYM_SECRET_FILE", path)));
    unlink(path);
    CHECK_STR("PSEUDONYM_SECRET_FILE: the file cannot be read",
        load(&settings, PROGRAM_HANDLER, PAIRS(DATABASE, "PSEUDONYM_SECRET_FILE", path)));
}

static void
test_a_program_reads_only_its_own(void)
{
    struct settings settings;

    CHECK_STR("",
        load(&settings, PROGRAM_INIT_DB,
            PAIRS(
                DATABASE, "PSEUDONYM_SECRET", "x", "AGENT_PORT", "0", "GRAFANA_ADMIN_USER", "x")));
    CHECK_INT(8070, settings.agent_port);
    CHECK_STR("", settings.agent_auth_token);
}

/* What a function prints. */
static const char *
printed(void (*print)(void))
{
    char *text = NULL;
    size_t size;
    FILE *kept = stdout;

    stdout = open_memstream(&text, &size);
    print();
    fclose(stdout);
    stdout = kept;
    const char *copy = arena_strdup(&arena, text);
    free(text);
    return copy;
}

static void
print_help_of_the_dispatcher(void)
{
    settings_help(PROGRAM_DISPATCHER);
}

static void
test_the_help_names_what_a_program_reads(void)
{
    const char *help = printed(print_help_of_the_dispatcher);

    CHECK(strstr(help, "  DATABASE_URL ") != NULL);
    CHECK(strstr(help, "  DISPATCHER_BATCH_SIZE ") != NULL);
    CHECK(strstr(help, "  AGENT_PORT ") == NULL);
}

static void
test_the_example_has_every_setting_with_its_default(void)
{
    const char *example = printed(settings_example);

    CHECK(strstr(example, " (required)\n# DATABASE_URL=\n") != NULL);
    CHECK(strstr(example, "\n# REVISION_UNDO_SECONDS=3600\n") != NULL);
    CHECK(strstr(example, "\n# BUNDLE_ROOT=bundles\n") != NULL);
}

static void
test_what_is_malformed_says_what_it_wants(void)
{
    struct settings settings;
    const char *faults = load(
        &settings, PROGRAM_HANDLER, PAIRS(DATABASE, PSEUDONYM, "SUPERADMIN_TELEGRAM_IDS", "7"));

    CHECK_STR("SUPERADMIN_TELEGRAM_IDS: must be a JSON list", faults);
}

static void
test_what_is_no_longer_used_is_passed_over(void)
{
    struct settings settings;

    CHECK_STR("",
        load(&settings, PROGRAM_DISPATCHER,
            PAIRS(DATABASE, PSEUDONYM, "AGENT_AUTH_TOKEN", "0123456789012345678901234567890123",
                "DISPATCHER_HOST", "x", "AGENT_RUNTIME_MODE", "y")));
}

int
main(void)
{
    test_the_help_names_what_a_program_reads();
    test_the_example_has_every_setting_with_its_default();
    test_what_is_malformed_says_what_it_wants();
    test_what_is_no_longer_used_is_passed_over();
    test_what_is_not_given_is_the_default();
    test_lists_and_words_are_read();
    test_every_fault_is_named_and_no_value();
    test_placeholders_are_for_developers();
    test_a_setting_may_be_a_file();
    test_a_program_reads_only_its_own();
    arena_reset(&arena);
    return check_report("settings/settings");
}
