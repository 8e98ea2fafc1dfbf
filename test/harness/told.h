/* Settings as they would be told to a handler. */
#ifndef TG_TEST_TOLD_H
#define TG_TEST_TOLD_H

#include "schema/json.h"
#include "settings/settings.h"

/* A new object of what handlers read, by the names of the members; the caller owns it. */
struct json_object *told_json(const struct settings *settings);

#endif
