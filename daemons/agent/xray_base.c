#include "agent/xray_base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/json.h"

enum {
    PORT_MAX = 65535
};

void
xray_base_free(struct xray_base *base)
{
    arena_reset(&base->arena);
    *base = (struct xray_base){0};
}

bool
xray_base_owns(const struct xray_base *base, const char *email)
{
    const char *const *users = base->users.at;

    for (size_t i = 0; i < base->users.count; i++) {
        if (strcasecmp(users[i], email) == 0)
            return true;
    }
    return false;
}

static struct json_object *
member(struct json_object *json, const char *name)
{
    struct json_object *value = NULL;

    if (json_object_is_type(json, json_type_object))
        json_object_object_get_ex(json, name, &value);
    return value;
}

static struct json_object *
array(struct json_object *json, const char *name)
{
    struct json_object *value = member(json, name);

    return json_object_is_type(value, json_type_array) ? value : NULL;
}

static const char *
text(struct json_object *json, const char *name)
{
    struct json_object *value = member(json, name);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

/* Xray calls it clients, since 26.5.9 also users; the old name wins when both are there. */
static struct json_object *
users_of(struct json_object *inbound)
{
    struct json_object *settings = member(inbound, "settings");
    struct json_object *clients = array(settings, "clients");

    return clients != NULL ? clients : array(settings, "users");
}

/* XRAY_TAGS: none of ours. */
static enum xray_tag
tag_of(struct json_object *inbound)
{
    size_t tag = 0;

    while (tag < XRAY_TAGS && !str_eq(xray_tags[tag], text(inbound, "tag")))
        tag++;
    return (enum xray_tag)tag;
}

void
xray_base_users(struct json_object *json, struct json_object *users[XRAY_TAGS])
{
    struct json_object *inbounds = array(json, "inbounds");
    size_t count = inbounds != NULL ? json_object_array_length(inbounds) : 0;

    for (size_t i = 0; i < XRAY_TAGS; i++)
        users[i] = NULL;
    for (size_t i = 0; i < count; i++) {
        struct json_object *inbound = json_object_array_get_idx(inbounds, i);
        enum xray_tag tag = tag_of(inbound);
        if (tag != XRAY_TAGS)
            users[tag] = users_of(inbound);
    }
}

/* 443 or "443"; a range or a list has no single port. */
static uint16_t
port_of(struct json_object *inbound)
{
    struct json_object *port = member(inbound, "port");
    int64_t value = 0;

    if (json_object_is_type(port, json_type_int) || json_object_is_type(port, json_type_string))
        value = json_object_get_int64(port);
    return value > 0 && value <= PORT_MAX ? (uint16_t)value : 0;
}

struct reading {
    struct xray_base *base;
    const char **users;
    size_t count;
};

/* Counts when there is no room yet. */
static void
take_users(struct reading *reading, struct json_object *users)
{
    size_t count = users != NULL ? json_object_array_length(users) : 0;

    for (size_t i = 0; i < count; i++) {
        const char *email = text(json_object_array_get_idx(users, i), "email");
        if (*email == '\0')
            continue;
        if (reading->users != NULL)
            reading->users[reading->count] = arena_strdup(&reading->base->arena, email);
        reading->count++;
    }
}

static void
take_inbounds(struct reading *reading, struct json_object *inbounds)
{
    size_t count = inbounds != NULL ? json_object_array_length(inbounds) : 0;

    reading->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct json_object *inbound = json_object_array_get_idx(inbounds, i);
        enum xray_tag tag = tag_of(inbound);
        take_users(reading, users_of(inbound));
        if (tag != XRAY_TAGS)
            reading->base->ports[tag] = port_of(inbound);
    }
}

bool
xray_base_set(struct xray_base *base, const char *data, size_t size, struct err *err)
{
    struct arena arena = {0};
    struct reading reading = {.base = base};
    struct json_object *json;

    xray_base_free(base);
    if (!json_read(&arena, data, size, &json) || !json_object_is_type(json, json_type_object)) {
        arena_reset(&arena);
        return err_say(err, ERR_BUNDLE, "base/xray.json is not a JSON object.");
    }
    take_inbounds(&reading, array(json, "inbounds"));
    reading.users = arena_alloc(&base->arena, (reading.count + 1) * sizeof(*reading.users));
    take_inbounds(&reading, array(json, "inbounds"));
    base->users = (struct list){reading.users, reading.count};
    base->text = arena_strdup(&base->arena, data);
    base->size = size;
    arena_reset(&arena);
    return true;
}

static bool
read_all(int fd, char *data, size_t size)
{
    size_t done = 0;
    ssize_t got;

    while (done < size && ((got = read(fd, data + done, size - done)) > 0 || errno == EINTR))
        done += got > 0 ? (size_t)got : 0;
    return done == size;
}

bool
xray_base_load(struct xray_base *base, int root, struct err *err)
{
    struct arena arena = {0};
    struct stat stat;
    int fd = openat(root, "base/xray.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 && errno == ENOENT) {
        xray_base_free(base);
        return true;
    }
    if (fd < 0 || fstat(fd, &stat) != 0 || stat.st_size > BASE_BYTES_MAX) {
        if (fd >= 0)
            close(fd);
        return err_say(err, ERR_BUNDLE, "base/xray.json cannot be read.");
    }
    size_t size = (size_t)stat.st_size;
    char *data = arena_alloc(&arena, size + 1);
    bool ok = read_all(fd, data, size);
    close(fd);
    ok = ok ? xray_base_set(base, data, size, err)
            : err_say(err, ERR_BUNDLE, "base/xray.json cannot be read.");
    arena_reset(&arena);
    return ok;
}
