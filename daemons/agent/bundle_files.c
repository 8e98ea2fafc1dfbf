#include "agent/bundle_files.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/base64.h"
#include "schema/json.h"

enum {
    NAME_MAX_SIZE = 100,
    TOKEN_SIZE = 48,
    HELD_SIZE = 256
};

#define FOLDER_MODE 0700
#define FILE_MODE   0600

/* What a template leaves where a value belongs. */
static const char *const placeholders[] = {
    "REPLACE_", "CHANGE_ME_", "@@", "example.com", "bootstrap-password"};

/* -- reading --------------------------------------------------------------------------- */

static bool
refuse(struct refusal *refusal, const char *code, const char *detail)
{
    *refusal = (struct refusal){code, detail};
    return false;
}

static bool
is_name(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

    return length > 0 && length < NAME_MAX_SIZE && name[length] == '\0' && name[0] != '.';
}

static const char *
text_member(struct json_object *json, const char *name)
{
    struct json_object *value;

    if (!json_object_object_get_ex(json, name, &value) ||
        !json_object_is_type(value, json_type_string))
        return NULL;
    return json_object_get_string(value);
}

static bool
read_base64(struct arena *arena, struct json_object *json, struct bundle_file *file)
{
    const char *encoding = text_member(json, "encoding"), *text = text_member(json, "content");

    if (encoding == NULL || !str_eq(encoding, "base64") || text == NULL)
        return false;
    size_t room = strlen(text) / 4 * 3;
    char *data = arena_alloc(arena, room + 1);
    file->data = data;
    return base64_read(BASE64_STD, text, data, room, &file->size);
}

static bool
read_content(struct arena *arena, struct json_object *json, struct bundle_file *file)
{
    if (json_object_is_type(json, json_type_object))
        return read_base64(arena, json, file);
    if (!json_object_is_type(json, json_type_string))
        return false;
    file->data = json_object_get_string(json);
    file->size = (size_t)json_object_get_string_len(json);
    return true;
}

static const char *
find_text(const struct bundle_file *file, const char *text)
{
    return memmem(file->data, file->size, text, strlen(text));
}

/* The placeholder and the name that goes on behind it: REPLACE_PRIVATE_KEY, @@PORT@@. */
static const char *
token_at(struct arena *arena, const char *at, const char *placeholder)
{
    size_t length = strlen(placeholder);

    while (length < TOKEN_SIZE &&
        (isupper((unsigned char)at[length]) || at[length] == '_' || at[length] == '@' ||
            isdigit((unsigned char)at[length])))
        length++;
    return arena_printf(arena, "%.*s", (int)length, at);
}

static bool
is_filled(struct arena *arena, const struct bundle_file *file, struct refusal *refusal)
{
    for (size_t i = 0; i < COUNT(placeholders); i++) {
        const char *at = find_text(file, placeholders[i]);
        if (at != NULL)
            return refuse(refusal, "placeholder",
                arena_printf(
                    arena, "%s holds %s", file->name, token_at(arena, at, placeholders[i])));
    }
    return true;
}

static bool
read_file(struct arena *arena, const char *name, struct json_object *content,
    struct bundle_file *file, struct refusal *refusal)
{
    if (!is_name(name))
        return refuse(refusal, "bundle_name", "a file's name is not [a-z0-9._-]+");
    file->name = name;
    if (!read_content(arena, content, file))
        return refuse(refusal, "bundle_invalid",
            arena_printf(arena, "%s is neither text nor base64", file->name));
    return is_filled(arena, file, refusal);
}

static bool
read_files(struct arena *arena, struct json_object *json, struct bundle_files *files,
    struct refusal *refusal)
{
    size_t count = 0;
    struct bundle_file *list =
        arena_alloc(arena, (size_t)json_object_object_length(json) * sizeof(*list) + 1);

    json_object_object_foreach(json, name, content)
    {
        if (!read_file(arena, name, content, &list[count++], refusal))
            return false;
    }
    files->list = (struct list){list, count};
    return true;
}

bool
bundle_read(struct arena *arena, const struct wish *wish, struct bundle_files *files,
    struct refusal *refusal)
{
    struct json_object *json, *list;

    if (!json_read(arena, wish->payload, wish->payload_size, &json) ||
        !json_object_is_type(json, json_type_object) ||
        !json_object_object_get_ex(json, "files", &list) ||
        !json_object_is_type(list, json_type_object))
        return refuse(refusal, "payload", "the payload has no files");
    if (json_object_object_get_ex(json, "commands", NULL))
        return refuse(refusal, "bundle_commands", "a bundle carries no commands");
    files->name = text_member(json, "bundle_name");
    files->digest = text_member(json, "digest");
    if (files->name == NULL || !is_name(files->name))
        return refuse(refusal, "bundle_name", "the bundle's name is not [a-z0-9._-]+");
    if (files->digest == NULL)
        return refuse(refusal, "payload", "the payload has no digest");
    return read_files(arena, list, files, refusal);
}

const struct bundle_file *
bundle_find(const struct bundle_files *files, const char *name)
{
    const struct bundle_file *list = files->list.at;

    for (size_t i = 0; i < files->list.count; i++) {
        if (str_eq(list[i].name, name))
            return &list[i];
    }
    return NULL;
}

/* -- writing --------------------------------------------------------------------------- */

static void
close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* A folder below another, made when it is not there, and nothing that a link points to. */
static int
open_folder(int parent, const char *name)
{
    if (mkdirat(parent, name, FOLDER_MODE) != 0 && errno != EEXIST)
        return -1;
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool
write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, data, size);
        if (done < 0 && errno != EINTR)
            return false;
        data += done > 0 ? done : 0;
        size -= done > 0 ? (size_t)done : 0;
    }
    return fsync(fd) == 0;
}

static bool
replace_in(int folder, const struct bundle_file *file, struct err *err)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
    char name[NAME_MAX_SIZE + sizeof(".new")];

    snprintf(name, sizeof(name), "%.*s.new", NAME_MAX_SIZE, file->name);
    CLEANUP(close_fd) int fd = openat(folder, name, flags, FILE_MODE);
    if (fd >= 0 && write_all(fd, file->data, file->size) &&
        renameat(folder, name, folder, file->name) == 0 && fsync(folder) == 0)
        return true;
    return err_say(err, ERR_INTERNAL, "%s cannot be written: %s.", file->name, strerror(errno));
}

static bool
no_folder(const char *folder, struct err *err)
{
    return err_say(err, ERR_INTERNAL, "No folder %s: %s.", folder, strerror(errno));
}

bool
bundle_replace(int root, const char *folder, const struct bundle_file *file, struct err *err)
{
    CLEANUP(close_fd) int fd = open_folder(root, folder);

    return fd < 0 ? no_folder(folder, err) : replace_in(fd, file, err);
}

bool
bundle_write(int root, const struct bundle_files *files, struct err *err)
{
    const struct bundle_file *list = files->list.at;
    CLEANUP(close_fd) int bundles = open_folder(root, "bundles");
    CLEANUP(close_fd) int folder = bundles < 0 ? -1 : open_folder(bundles, files->name);

    if (folder < 0)
        return no_folder(files->name, err);
    for (size_t i = 0; i < files->list.count; i++) {
        if (!replace_in(folder, &list[i], err))
            return false;
    }
    return true;
}

bool
bundle_holds(int root, const char *path, const char *text)
{
    char data[HELD_SIZE];
    CLEANUP(close_fd) int fd = openat(root, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, data, sizeof(data));

    return size >= 0 && (size_t)size == strlen(text) && memcmp(data, text, (size_t)size) == 0;
}
