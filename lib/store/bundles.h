/* Bundles: the base configuration of a role, as it was read last and as its nodes shall have it. */
#ifndef TG_STORE_BUNDLES_H
#define TG_STORE_BUNDLES_H

#include "store/audit.h"

struct bundle {
    const char *name;
    const char *role;   /* VPS_T or VPS_E */
    const char *files;  /* a JSON object: path to text, or {"encoding":"base64","content":...} */
    const char *digest; /* SHA-256, hex */
    int64_t ver;        /* of the row; filled by bundle_put() */
};

/* Its version grows by one, whether the files differ or not. */
bool bundle_put(struct db *db, struct bundle *bundle, struct err *err) MUST_CHECK;

#endif
