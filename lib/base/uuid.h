/* Making UUIDs; str.h reads them. Text is always lower case with hyphens. */
#ifndef TG_BASE_UUID_H
#define TG_BASE_UUID_H

#include "base/str.h"

#define UUID_NIL "00000000-0000-0000-0000-000000000000"

/* Version 4: random. */
void uuid_make(char uuid[UUID_SIZE]);

/* What makes a VLESS credential unique: Xray ignores bytes 6 and 7 of the UUID, so they are zero
 * here. `uuid` is as uuid_read() writes it. */
void uuid_credential_key(const char *uuid, char key[UUID_SIZE]);

#endif
