#include "domain/scopes.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

const char *const scope_names[] = {
    "*",
    "users:read",
    "users:write",
    "users:rw",
    "users:role",
    "users:force",
    "devices:read",
    "devices:write",
    "devices:rw",
    "connections:read",
    "connections:write",
    "connections:rw",
    "revisions:read",
    "revisions:write",
    "revisions:rw",
    "nodes:read",
    "nodes:write",
    "nodes:rw",
    "dispatch:read",
    "dispatch:write",
    "dispatch:rw",
    "bot_messages:read",
    "bot_messages:write",
    "bot_messages:rw",
    "tokens:read",
    "tokens:write",
    "tokens:rw",
    "sni:read",
    "grafana:otp",
    "metrics:read",
    "audit:read",
    NULL,
};

static bool
has(const char *granted, const char *scope, size_t family, const char *right)
{
    char word[64];
    int size = snprintf(word, sizeof(word), "%.*s:%s", (int)family, scope, right);

    return str_has_word(granted, word, (size_t)size);
}

static bool
covers_one(const char *granted, const char *scope, size_t length)
{
    size_t family = strcspn(scope, ": ");

    if (str_has_word(SCOPE_ANY, scope, length) || str_has_word(granted, "*", 1) ||
        str_has_word(granted, scope, length))
        return true;
    if (family >= length)
        return false;
    const char *right = scope + family + 1;
    size_t size = length - family - 1;
    if (str_has_word("read write", right, size))
        return has(granted, scope, family, "rw");
    return str_has_word("rw", right, size) && has(granted, scope, family, "read") &&
        has(granted, scope, family, "write");
}

bool
scopes_cover(const char *granted, const char *required)
{
    while (*required != '\0') {
        size_t length = strcspn(required, " ");

        if (!covers_one(granted, required, length))
            return false;
        required += length + (required[length] == ' ');
    }
    return true;
}
