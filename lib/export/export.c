#include "export/export.h"

#include <ctype.h>
#include <string.h>

#include "domain/reach.h"
#include "export/link.h"
#include "export/qr.h"
#include "store/connections.h"

enum {
    STEM_BYTES = 11, /* of the device's name; with the number the name has 15 at most */
    NUMBERS = 4096   /* connections of a user that three hex digits tell apart */
};

static const char *const format_names[] = {[FORMAT_URI] = "uri",
    [FORMAT_CONF] = "conf",
    [FORMAT_QR_PNG] = "qr.png",
    [FORMAT_QR_SVG] = "qr.svg",
    [FORMAT_XRAY] = "xray",
    [FORMAT_SINGBOX] = "singbox",
    [FORMAT_MIHOMO] = "mihomo",
    NULL};

static const struct field query_fields[] = {
    F_ENUM(struct export_query, format, F_OPTIONAL, format_names),
};

static const struct export_query query_defaults = {FORMAT_URI};

const struct schema export_query_schema =
    SCHEMA_FROM(struct export_query, query_fields, &query_defaults);

/* -- forms --------------------------------------------------------------------------------- */

typedef bool make_fn(const struct export_source *source, link_fn *link, struct arena *arena,
    struct export_file *file, struct err *err);

static bool
make_uri(const struct export_source *source, link_fn *link, struct arena *arena,
    struct export_file *file, struct err *err)
{
    const char *text;

    if (!link(source, arena, &text, err))
        return false;
    file->data = text;
    file->size = strlen(text);
    return true;
}

static bool
make_qr_png(const struct export_source *source, link_fn *link, struct arena *arena,
    struct export_file *file, struct err *err)
{
    const char *text;

    return link(source, arena, &text, err) && qr_png(text, arena, &file->data, &file->size, err);
}

static const struct {
    int protocol, format;
    make_fn *make;
    link_fn *link;
    const char *type, *extension;
} forms[] = {
    {PROTOCOL_VLESS_REALITY, FORMAT_URI, make_uri, link_reality, "text/plain; charset=utf-8",
        "txt"},
    {PROTOCOL_VLESS_REALITY, FORMAT_QR_PNG, make_qr_png, link_reality, "image/png", "png"},
};

/* -- its name ------------------------------------------------------------------------------ */

/* What a name may not have becomes one hyphen, and none stands at an end. */
static const char *
stem(const char *name, struct arena *arena)
{
    static const char allowed[] = "_=+.";
    char *text = arena_alloc(arena, STEM_BYTES + 1);
    size_t length = 0;

    for (; *name != '\0' && length < STEM_BYTES; name++) {
        if (isalnum((unsigned char)*name) || strchr(allowed, *name) != NULL)
            text[length++] = *name;
        else if (length > 0 && text[length - 1] != '-')
            text[length++] = '-';
    }
    while (length > 0 && text[length - 1] == '-')
        text[--length] = '\0';
    return length == 0 ? "tracegate" : text;
}

static const char *
file_name(const struct export_source *source, const char *extension, struct arena *arena)
{
    return arena_printf(arena, "%s-%03x.%s", stem(source->device_name, arena),
        (unsigned)(source->number % NUMBERS), extension);
}

bool
export_make(const struct export_source *source, int format, struct arena *arena,
    struct export_file *file, struct err *err)
{
    for (size_t i = 0; i < COUNT(forms); i++) {
        if (forms[i].protocol != source->protocol || forms[i].format != format)
            continue;
        file->name = file_name(source, forms[i].extension, arena);
        file->type = forms[i].type;
        return forms[i].make(source, forms[i].link, arena, file, err);
    }
    return err_set(err, ERR_EXPORT_FORMAT);
}

/* -- who gets it --------------------------------------------------------------------------- */

static bool
make_active(const struct turn *turn, const struct export_source *source, int format,
    struct export_file *file, struct err *err)
{
    if (source->status == STATUS_REVOKED)
        return err_set(err, ERR_REVISION_GONE);
    return source->revision_id == NULL ? err_set(err, ERR_REVISION_NOT_FOUND)
                                       : export_make(source, format, turn->arena, file, err);
}

bool
export_revision(const struct turn *turn, const char *revision_id, int format,
    struct export_file *file, struct err *err)
{
    struct export_source source;

    return export_of_revision(turn->db, revision_id, &source, err) &&
        reach_own(turn, source.user_id, ERR_REVISION_NOT_FOUND, err) &&
        make_active(turn, &source, format, file, err);
}

bool
export_connection(const struct turn *turn, const char *connection_id, int format,
    struct export_file *file, struct err *err)
{
    struct export_source source;

    return export_of_connection(turn->db, connection_id, &source, err) &&
        reach_own(turn, source.user_id, ERR_CONNECTION_NOT_FOUND, err) &&
        make_active(turn, &source, format, file, err);
}
