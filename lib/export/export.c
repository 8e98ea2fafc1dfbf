#include "export/export.h"

#include <ctype.h>
#include <string.h>

#include "domain/reach.h"
#include "export/conf.h"
#include "export/link.h"
#include "export/mihomo.h"
#include "export/qr.h"
#include "export/singbox.h"
#include "export/xray.h"
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

/* What a form is wrapped into. */
typedef bool
wrap_fn(const char *text, struct arena *arena, const void **data, size_t *size, struct err *err);

static bool
as_text(const char *text, struct arena *arena, const void **data, size_t *size, struct err *err)
{
    (void)arena; /* as every wrap_fn has them */
    (void)err;
    *data = text;
    *size = strlen(text);
    return true;
}

static const struct {
    wrap_fn *wrap;
    const char *type, *extension;
} formats[] = {
    [FORMAT_URI] = {as_text, "text/plain; charset=utf-8", "txt"},
    [FORMAT_CONF] = {as_text, "text/plain; charset=utf-8", "conf"},
    [FORMAT_QR_PNG] = {qr_png, "image/png", "png"},
    [FORMAT_QR_SVG] = {qr_svg, "image/svg+xml", "svg"},
    [FORMAT_XRAY] = {as_text, "application/json", "json"},
    [FORMAT_SINGBOX] = {as_text, "application/json", "json"},
    [FORMAT_MIHOMO] = {as_text, "application/yaml", "yaml"},
};

/* Which protocol has which form, and what makes it. */
static form_fn *const forms[][COUNT(formats)] = {
    [PROTOCOL_VLESS_REALITY] =
        {
            [FORMAT_URI] = link_reality,
            [FORMAT_QR_PNG] = link_reality,
            [FORMAT_QR_SVG] = link_reality,
            [FORMAT_XRAY] = xray_reality,
            [FORMAT_SINGBOX] = singbox_reality,
            [FORMAT_MIHOMO] = mihomo_reality,
        },
    [PROTOCOL_VLESS_WS_TLS] =
        {
            [FORMAT_URI] = link_ws,
            [FORMAT_QR_PNG] = link_ws,
            [FORMAT_QR_SVG] = link_ws,
            [FORMAT_XRAY] = xray_ws,
            [FORMAT_SINGBOX] = singbox_ws,
            [FORMAT_MIHOMO] = mihomo_ws,
        },
    [PROTOCOL_HYSTERIA2] =
        {
            [FORMAT_URI] = link_hysteria,
            [FORMAT_QR_PNG] = link_hysteria,
            [FORMAT_QR_SVG] = link_hysteria,
            [FORMAT_XRAY] = xray_hysteria,
            [FORMAT_SINGBOX] = singbox_hysteria,
            [FORMAT_MIHOMO] = mihomo_hysteria,
        },
    /* Its apps take a picture of the file, not of a link. */
    [PROTOCOL_WIREGUARD] =
        {
            [FORMAT_URI] = link_wireguard,
            [FORMAT_CONF] = conf_wireguard,
            [FORMAT_QR_PNG] = conf_wireguard,
            [FORMAT_QR_SVG] = conf_wireguard,
            [FORMAT_XRAY] = xray_wireguard,
            [FORMAT_SINGBOX] = singbox_wireguard,
            [FORMAT_MIHOMO] = mihomo_wireguard,
        },
};

const char *
form_title(const struct export_source *source, struct arena *arena)
{
    static const char *const kinds[] = {[PROTOCOL_VLESS_REALITY] = "",
        [PROTOCOL_VLESS_WS_TLS] = " WS",
        [PROTOCOL_HYSTERIA2] = "",
        [PROTOCOL_WIREGUARD] = ""};

    return arena_printf(arena, "Tracegate %s%s", connection_variant_names[source->variant],
        kinds[source->protocol]);
}

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
    form_fn *form = forms[source->protocol][format];
    struct export_file made = {
        .name = file_name(source, formats[format].extension, arena),
        .type = formats[format].type,
    };
    const char *text;

    if (form == NULL)
        return err_set(err, ERR_EXPORT_FORMAT);
    if (!form(source, arena, &text, err) ||
        !formats[format].wrap(text, arena, &made.data, &made.size, err))
        return false;
    *file = made;
    return true;
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
