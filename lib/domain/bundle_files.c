#include "domain/bundle_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/str.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "schema/json.h"

enum {
    BUNDLE_BYTES_MAX = 4 << 20, /* one event carries it whole */
    FILES_MAX = 256,
    DEPTH_MAX = 4
};

struct file {
    const char *name; /* below the folder */
    const char *data;
    size_t size;
};

struct walk {
    struct arena *arena;
    struct err *err;
    const char *folder;
    const char *shown; /* of the folder, in answers: they tell no path */
    struct file files[FILES_MAX];
    size_t count, bytes;
};

/* What an operator must have replaced, in any file. */
static const char *const placeholders[] = {
    "REPLACE_", "CHANGE_ME_", "@@", "example.com", "bootstrap-password"};

static bool
check_placeholders(const struct walk *walk, const struct file *file)
{
    for (size_t i = 0; i < COUNT(placeholders); i++) {
        if (memmem(file->data, file->size, placeholders[i], strlen(placeholders[i])) != NULL)
            return err_say(walk->err, ERR_BUNDLE, "%s still holds %s", file->name, placeholders[i]);
    }
    return true;
}

static bool
check_room(struct walk *walk, const char *name, const struct stat *status)
{
    walk->bytes += (size_t)status->st_size;
    if (walk->count == FILES_MAX)
        return err_say(walk->err, ERR_BUNDLE_SIZE, "More than %d files", FILES_MAX);
    return walk->bytes <= BUNDLE_BYTES_MAX ||
        err_say(walk->err, ERR_BUNDLE_SIZE, "%s: the bundle is larger than 4 MiB", name);
}

static bool
add_file(struct walk *walk, const char *path, const char *name)
{
    struct file *file = &walk->files[walk->count];
    char *data;

    if (!fs_read(path, BUNDLE_BYTES_MAX, walk->arena, &data, &file->size, walk->err))
        return false;
    file->name = name;
    file->data = data;
    walk->count++;
    return check_placeholders(walk, file);
}

static bool walk_folder(struct walk *walk, const char *below, int depth);

static bool
walk_entry(struct walk *walk, const char *below, const char *entry, int depth)
{
    const char *name = arena_printf(walk->arena, "%s%s", below, entry);
    const char *path = arena_printf(walk->arena, "%s/%s", walk->folder, name);
    struct stat status;

    if (*entry == '.')
        return true;
    if (stat(path, &status) != 0)
        return err_say(walk->err, ERR_FILE, "%s: %s", path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return walk_folder(walk, arena_printf(walk->arena, "%s/", name), depth + 1);
    if (!S_ISREG(status.st_mode))
        return err_say(walk->err, ERR_BUNDLE, "%s is no file", name);
    return check_room(walk, name, &status) && add_file(walk, path, name);
}

static void
close_folder(void *folder)
{
    closedir(folder);
}

static bool
walk_folder(struct walk *walk, const char *below, int depth)
{
    const char *path = arena_printf(walk->arena, "%s/%s", walk->folder, below);
    DIR *folder = depth > DEPTH_MAX ? NULL : opendir(path);

    if (folder == NULL)
        return err_say(walk->err, ERR_BUNDLE, "%s/%s is no folder of a bundle", walk->shown, below);
    arena_defer(walk->arena, close_folder, folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (!walk_entry(walk, below, entry->d_name, depth))
            return false;
    }
    return true;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

/* Text as it is, anything else as base64. */
static struct json_object *
content(const struct file *file, struct arena *arena)
{
    char *encoded;

    if (utf8_valid(file->data, file->size))
        return json_object_new_string_len(file->data, (int)file->size);
    encoded = arena_alloc(arena, BASE64_SIZE(file->size));
    base64_write(BASE64_STD, file->data, file->size, encoded);
    struct json_object *json = json_object_new_object();
    json_object_object_add(json, "encoding", json_object_new_string("base64"));
    json_object_object_add(json, "content", json_object_new_string(encoded));
    return json;
}

static const char *
digest_of(const struct walk *walk)
{
    const char *heads[FILES_MAX];
    char *hex = arena_alloc(walk->arena, SHA256_HEX_SIZE);
    size_t size = 0;

    for (size_t i = 0; i < walk->count; i++) {
        heads[i] = arena_printf(walk->arena, "%s\n%zu\n", walk->files[i].name, walk->files[i].size);
        size += strlen(heads[i]) + walk->files[i].size;
    }
    char *text = arena_alloc(walk->arena, size + 1);
    char *end = text;
    for (size_t i = 0; i < walk->count; i++) {
        end = mempcpy(end, heads[i], strlen(heads[i]));
        end = mempcpy(end, walk->files[i].data, walk->files[i].size);
    }
    sha256_hex(text, size, hex);
    return hex;
}

static const char *
name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

bool
bundle_read(const char *folder, struct arena *arena, struct bundle *bundle, struct err *err)
{
    struct walk *walk = arena_alloc(arena, sizeof(*walk));
    struct json_object *files = json_object_new_object();

    json_adopt(arena, files);
    *walk = (struct walk){.arena = arena, .err = err, .folder = folder, .shown = name_of(folder)};
    if (!walk_folder(walk, "", 0))
        return false;
    if (walk->count == 0)
        return err_say(err, ERR_BUNDLE, "%s is empty", walk->shown);
    qsort(walk->files, walk->count, sizeof(walk->files[0]), by_name);
    for (size_t i = 0; i < walk->count; i++)
        json_object_object_add(files, walk->files[i].name, content(&walk->files[i], arena));
    bundle->files = json_text(files);
    bundle->digest = digest_of(walk);
    return true;
}
