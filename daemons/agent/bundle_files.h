/*
 * A bundle as it came: names and contents, checked and laid down under bundles/<name>/. Names are
 * [a-z0-9._-]+ and not hidden, opened relative to their folder and never through a link. A bundle
 * whose files still hold a placeholder, or that brings commands, is refused.
 */
#ifndef TG_AGENT_BUNDLE_FILES_H
#define TG_AGENT_BUNDLE_FILES_H

#include "agent/wish.h"
#include "agent/xray_wish.h"
#include "base/err.h"
#include "schema/schema.h"

struct bundle_file {
    const char *name;
    const char *data; /* data[size] is 0 */
    size_t size;
};

struct bundle_files {
    const char *name;   /* of the bundle */
    const char *digest; /* of all of it, as the control plane says */
    struct list list;   /* struct bundle_file */
};

/* In the arena, the refusal's texts too. */
bool bundle_read(struct arena *arena, const struct wish *wish, struct bundle_files *files,
    struct refusal *refusal) MUST_CHECK;

/* NULL when there is none of this name. */
const struct bundle_file *bundle_find(const struct bundle_files *files, const char *name);

/* Each file durable; files of an older version of the bundle stay. */
bool bundle_write(int root, const struct bundle_files *files, struct err *err) MUST_CHECK;

/* One small file in a folder of the root that is made when it is not there: old or new, never
 * half. */
bool bundle_replace(
    int root, const char *folder, const struct bundle_file *file, struct err *err) MUST_CHECK;

/* Whether the file holds exactly this text. */
bool bundle_holds(int root, const char *path, const char *text);

#endif
