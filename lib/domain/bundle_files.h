/* Inside lib/domain: a bundle's folder as the value that is stored and sent. */
#ifndef TG_DOMAIN_BUNDLE_FILES_H
#define TG_DOMAIN_BUNDLE_FILES_H

#include "store/bundles.h"

/* Fills files and digest: SHA-256 over "<name>\n<size>\n<content>" of each file, in byte order of
 * the names. ERR_BUNDLE, ERR_BUNDLE_SIZE, ERR_FILE. */
bool bundle_read(
    const char *folder, struct arena *arena, struct bundle *bundle, struct err *err) MUST_CHECK;

#endif
