/*
 * Exports: a revision in a form that a client program takes. One table says which protocol has
 * which form; a form that a protocol lacks is refused.
 */
#ifndef TG_EXPORT_EXPORT_H
#define TG_EXPORT_EXPORT_H

#include "domain/turn.h"
#include "store/revisions.h"

enum export_format {
    FORMAT_URI,
    FORMAT_CONF,
    FORMAT_QR_PNG,
    FORMAT_QR_SVG,
    FORMAT_XRAY,
    FORMAT_SINGBOX,
    FORMAT_MIHOMO
};

/* Their types. */
#define EXPORT_MEDIA "text/plain image/png image/svg+xml application/json application/yaml"

struct export_query {
    int format; /* enum export_format */
};

extern const struct schema export_query_schema;

struct export_file {
    const char *name; /* at most 15 of [a-zA-Z0-9_=+.-], unique per user; then its extension */
    const char *type;
    const void *data;
    size_t size;
};

/* Only its owner gets it, whatever the rank of who asks. ERR_REVISION_NOT_FOUND,
 * ERR_REVISION_GONE, ERR_EXPORT_FORMAT, ERR_EXPORT_CONFIG. */
bool export_revision(const struct turn *turn, const char *revision_id, int format,
    struct export_file *file, struct err *err) MUST_CHECK;

/* Its slot 0. ERR_CONNECTION_NOT_FOUND, and the same; ERR_REVISION_NOT_FOUND when nothing has been
 * issued yet. */
bool export_connection(const struct turn *turn, const char *connection_id, int format,
    struct export_file *file, struct err *err) MUST_CHECK;

/* What is exported, as a file. ERR_EXPORT_FORMAT, ERR_EXPORT_CONFIG. */
bool export_make(const struct export_source *source, int format, struct arena *arena,
    struct export_file *file, struct err *err) MUST_CHECK;

#endif
