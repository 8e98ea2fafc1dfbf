/* What is wished for one key: a row of the state, as components see it. */
#ifndef TG_AGENT_WISH_H
#define TG_AGENT_WISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KEY_MAX = 128
};

struct wish {
    const char *key; /* the aggregate's id: [a-z0-9._:-], at most KEY_MAX */
    int64_t ver, gen;
    bool removed;        /* payload is NULL: nothing of the key may be left */
    bool rejected;       /* cannot be had: only component_each() shows it; what is there may stay */
    const char *payload; /* a JSON object as text, or NULL */
    size_t payload_size;
};

#endif
