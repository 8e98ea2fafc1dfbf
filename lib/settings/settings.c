#include "settings/settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "schema/read.h"
#include "settings/table.h"

enum {
    FILE_BYTES_MAX = 64 << 10
};

struct loader {
    struct settings *settings;
    enum program program;
    struct arena *arena;
    const char *faults; /* one line each; "" while there are none */
};

static void
fault(struct loader *loader, const char *name, const char *what)
{
    loader->faults = arena_printf(loader->arena, "%s%s%s: %s", loader->faults,
        *loader->faults == '\0' ? "" : "\n", name, what);
}

/* -- values -------------------------------------------------------------------------------- */

/* The content without its final newline; NULL after a fault. */
static const char *
file_value(struct loader *loader, const char *name, const char *path)
{
    char *text;
    size_t size;
    struct err err;

    if (!fs_read(path, FILE_BYTES_MAX, loader->arena, &text, &size, &err)) {
        fault(loader, name, "the file cannot be read");
        return NULL;
    }
    if (size > 0 && text[size - 1] == '\n')
        text[size - 1] = '\0';
    return text;
}

/* X, or what X_FILE names, or the initial value; NULL after a fault. */
static const char *
value_of(struct loader *loader, const struct setting *setting)
{
    const char *value = getenv(setting->name);
    const char *file_name = arena_printf(loader->arena, "%s_FILE", setting->name);
    const char *file = getenv(file_name);

    if (value != NULL && file != NULL) {
        fault(loader, setting->name, "is given twice, by itself and as a file");
        return NULL;
    }
    if (file != NULL)
        return file_value(loader, file_name, file);
    return value != NULL ? value : setting->initial;
}

/* What the setting wants to be; never what it was. */
static const char *
want(const struct setting *setting, struct arena *arena)
{
    const struct field *field = &setting->field;

    switch (field->type) {
    case FIELD_INT:
        return arena_printf(arena, "must be a number from %lld to %lld", (long long)field->min,
            (long long)field->max);
    case FIELD_BOOL:
        return "must be true or false";
    case FIELD_LIST:
        return "must be a JSON list";
    default:
        if (field->min > 0)
            return arena_printf(arena, "must have at least %lld characters", (long long)field->min);
        return arena_printf(arena, "is malformed: %s", setting->meaning);
    }
}

static bool
is_placeholder(const char *value)
{
    static const char *const words[] = {"change-me", "changeme", "CHANGE_ME", "REPLACE_", "@@"};

    for (size_t i = 0; i < COUNT(words); i++) {
        if (strstr(value, words[i]) != NULL)
            return true;
    }
    return false;
}

/* The bootstrap token of a developer's machine is the one placeholder that may stand. */
static bool
is_dev_token(const struct loader *loader, const struct setting *setting, const char *value)
{
    return loader->settings->app_env == APP_ENV_DEV &&
        str_eq(setting->name, "API_INTERNAL_TOKEN") && str_eq(value, "change-me");
}

static bool
is_required(const struct loader *loader, const struct setting *setting)
{
    bool token = setting->field.offset == offsetof(struct settings, agent_auth_token);

    return (setting->flags & REQUIRED) != 0 && !(token && loader->program == PROGRAM_INIT_DB);
}

static void
load(struct loader *loader, const struct setting *setting)
{
    const struct schema schema = {sizeof(struct settings), 1, &setting->field, NULL, -1};
    bool list = setting->field.type == FIELD_LIST;
    struct reader reader = {loader->arena, list ? SOURCE_ROW : SOURCE_QUERY, NULL, NULL};
    bool mine = (setting->programs & loader->program) != 0;
    const char *value = mine ? value_of(loader, setting) : setting->initial;

    if (value == NULL)
        return;
    if (*value == '\0' && (!mine || setting->field.type == FIELD_TEXT)) {
        if (mine && is_required(loader, setting))
            fault(loader, setting->name, "is required");
        value = arena_strdup(loader->arena, "");
        memcpy((char *)loader->settings + setting->field.offset, &value, sizeof(value));
        return;
    }
    if (is_dev_token(loader, setting, value)) {
        loader->settings->api_internal_token = arena_strdup(loader->arena, value);
        return;
    }
    read_text(&reader, &schema, 0, value, loader->settings);
    if (reader.faults != NULL)
        fault(loader, setting->name, want(setting, loader->arena));
    else if (mine && setting->flags & SECRET && is_placeholder(value))
        fault(loader, setting->name, "is still a placeholder");
}

/* -- names --------------------------------------------------------------------------------- */

/* Names that begin so are ours: a misspelt one must not be passed over. */
static const char *const prefixes[] = {"API_", "AGENT_", "DISPATCHER_", "REALITY_", "VLESS_",
    "DEFAULT_VPS_", "SNI_", "BUNDLE_", "PSEUDONYM_", "SUPERADMIN_", "REVISION_", "METRICS_"};

static bool
names(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count && list[i] != NULL; i++) {
        if (str_eq(list[i], name))
            return true;
    }
    return false;
}

static bool
is_ours(const char *name)
{
    for (size_t i = 0; i < COUNT(prefixes); i++) {
        if (strstr(name, prefixes[i]) == name)
            return true;
    }
    return false;
}

static bool
is_known(const char *name, struct arena *arena)
{
    for (size_t i = 0; i < settings_count; i++) {
        if (str_eq(settings_table[i].name, name) ||
            str_eq(arena_printf(arena, "%s_FILE", settings_table[i].name), name))
            return true;
    }
    for (size_t i = 0; i < settings_elsewhere_count; i++) {
        if (str_eq(settings_elsewhere[i].name, name))
            return true;
    }
    return false;
}

static void
check_names(struct loader *loader)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        const char *name = arena_printf(loader->arena, "%.*s", (int)strcspn(*entry, "="), *entry);

        if (names(settings_ignored, SIZE_MAX, name))
            log_warn("setting=%s detail=\"no longer used, ignoring\"", name);
        else if (is_ours(name) && !is_known(name, loader->arena))
            fault(loader, name, "is no setting; see --help");
    }
}

/* -- the whole ----------------------------------------------------------------------------- */

bool
settings_load(
    struct settings *settings, enum program program, struct arena *arena, const char **faults)
{
    struct loader loader = {settings, program, arena, ""};

    *settings = (struct settings){0};
    for (size_t i = 0; i < settings_count; i++)
        load(&loader, &settings_table[i]);
    check_names(&loader);
    *faults = loader.faults;
    if (*loader.faults == '\0')
        log_open(settings->log_level);
    return *loader.faults == '\0';
}

void
settings_help(enum program program)
{
    printf("Settings, from the environment (X_FILE names a file that holds X):\n\n");
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];

        if (setting->programs & program)
            printf("  %-32s %s%s%s%s\n", setting->name, setting->meaning,
                *setting->initial == '\0' ? "" : " (", setting->initial,
                *setting->initial == '\0' ? "" : ")");
    }
}
