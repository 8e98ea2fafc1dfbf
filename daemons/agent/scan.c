#include "agent/scan.h"

#include <string.h>

const char *
scan_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

/* Behind the closing quote; `end` when there is none. */
static const char *
skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\' && end - at > 1)
            at++;
    }
    return at < end ? at + 1 : end;
}

static const char *
skip_nested(const char *at, const char *end)
{
    size_t depth = 0;

    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        if (*at == '{' || *at == '[')
            depth++;
        else if ((*at == '}' || *at == ']') && --depth == 0)
            return at + 1;
        at++;
    }
    return end;
}

static const char *
skip_value(const char *at, const char *end)
{
    if (at == end)
        return end;
    if (*at == '{' || *at == '[')
        return skip_nested(at, end);
    if (*at == '"')
        return skip_string(at, end);
    while (at < end && strchr(",]} \t\r\n", *at) == NULL)
        at++;
    return at;
}

static bool
name_is(const struct span *quoted, const char *name)
{
    size_t length = strlen(name);

    return (size_t)(quoted->end - quoted->at) == length + 2 &&
        memcmp(quoted->at + 1, name, length) == 0;
}

/* One `"name": value` and the comma or brace behind it. */
static bool
scan_pair(const char **at, const char *end, struct span *name, struct span *value)
{
    const char *p = scan_space(*at, end);

    if (p == end || *p != '"')
        return false;
    *name = (struct span){p, skip_string(p, end)};
    p = scan_space(name->end, end);
    if (p == end || *p != ':')
        return false;
    p = scan_space(p + 1, end);
    *value = (struct span){p, skip_value(p, end)};
    p = scan_space(value->end, end);
    if (p == end || (*p != ',' && *p != '}'))
        return false;
    *at = *p == ',' ? p + 1 : p;
    return value->end > value->at;
}

bool
scan_member(const char *text, size_t size, const char *name, struct span *value)
{
    const char *end = text + size;
    const char *at = scan_space(text, end);
    struct span key, found;
    int count = 0;

    if (at == end || *at++ != '{')
        return false;
    while (scan_pair(&at, end, &key, &found)) {
        if (!name_is(&key, name))
            continue;
        *value = found;
        count++;
    }
    return count == 1 && at < end && *at == '}';
}

bool
scan_item(const char **at, const char *end, size_t index, struct span *item)
{
    const char *p = scan_space(*at, end);

    if (p < end && *p == ']') {
        *at = p + 1;
        return false;
    }
    if (index > 0) {
        if (p == end || *p != ',')
            return false;
        p = scan_space(p + 1, end);
    }
    *item = (struct span){p, skip_value(p, end)};
    if (item->end == item->at)
        return false;
    *at = item->end;
    return true;
}
