/*
 * Where values begin and end in JSON text, without reading them. Text that is not JSON may be cut
 * in the wrong places, but never beyond its end: each piece is still to be read strictly.
 */
#ifndef TG_AGENT_SCAN_H
#define TG_AGENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct span {
    const char *at, *end;
};

/* The value of the object's only member with this name (written without escapes). */
bool scan_member(const char *text, size_t size, const char *name, struct span *value) MUST_CHECK;

/* Item `index` of an array: *at is behind its "[" or behind the item before. False at the "]", when
 * *at is set behind it, and at anything else, when *at stays. */
bool scan_item(const char **at, const char *end, size_t index, struct span *item) MUST_CHECK;

const char *scan_space(const char *at, const char *end);

#endif
