#include <stdio.h>

#include "settings/table.h"

static void
print(const char *name, const char *initial, const char *note, const char *meaning)
{
    printf("\n# %s%s\n# %s=%s\n", meaning, note, name, initial);
}

void
settings_example(void)
{
    puts(
        "# Every setting, with what it is when it is not set; `make .env.example` writes this from\n"
        "# lib/settings/table.c. `make run` needs none of them: it makes its own secrets, and takes from\n"
        "# .env what differs. Any X may be given as X_FILE: the name of a file that holds it.");
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];

        print(setting->name, setting->initial,
            (setting->flags & REQUIRED) != 0 && *setting->initial == '\0' ? " (required)" : "",
            setting->meaning);
    }
    puts(
        "\n# -- for nginx, services and bundles ---------------------------------------------------------");
    for (size_t i = 0; i < settings_elsewhere_count; i++)
        print(settings_elsewhere[i].name, settings_elsewhere[i].initial, "",
            settings_elsewhere[i].meaning);
}
