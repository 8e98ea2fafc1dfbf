#include "db/migrate.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "crypto/digest.h"

enum {
    FILE_BYTES_MAX = 4 << 20,
    FILES_MAX = 999
};

static int
is_sql(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 4 && str_eq(entry->d_name + length - 4, ".sql");
}

static bool
has_number(const char *name)
{
    return strspn(name, "0123456789") == 4 && name[4] == '_';
}

static bool
read_file(const char *folder, const char *name, struct arena *arena, struct migration *migration,
    struct err *err)
{
    const char *path = arena_printf(arena, "%s/%s", folder, name);
    char *checksum = arena_alloc(arena, SHA256_HEX_SIZE);
    char *sql;
    size_t size;

    if (!has_number(name))
        return err_say(err, ERR_MIGRATION, "%s: the name must be NNNN_subject.sql", name);
    if (!fs_read(path, FILE_BYTES_MAX, arena, &sql, &size, err))
        return false;
    sha256_hex(sql, size, checksum);
    *migration =
        (struct migration){strtol(name, NULL, 10), arena_strdup(arena, name), sql, checksum};
    return true;
}

static bool
read_files(const char *folder, struct dirent **entries, int count, struct arena *arena,
    struct list *files, struct err *err)
{
    struct migration *migrations = arena_alloc(arena, (size_t)count * sizeof(*migrations));

    for (int i = 0; i < count; i++) {
        if (!read_file(folder, entries[i]->d_name, arena, &migrations[i], err))
            return false;
        if (i > 0 && migrations[i].version == migrations[i - 1].version)
            return err_say(
                err, ERR_MIGRATION, "%s: another file has this number", migrations[i].name);
    }
    *files = (struct list){migrations, (size_t)count};
    return true;
}

bool
migrate_read(const char *folder, struct arena *arena, struct list *files, struct err *err)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_sql, alphasort);

    if (count < 0)
        return err_say(err, ERR_FILE, "%s: %s", folder, strerror(errno));
    bool done = count > 0 ? read_files(folder, entries, count, arena, files, err)
                          : err_say(err, ERR_FILE, "%s: no migrations are there", folder);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return done;
}
