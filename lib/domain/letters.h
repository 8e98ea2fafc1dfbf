/* The rules about dead letters. */
#ifndef TG_DOMAIN_LETTERS_H
#define TG_DOMAIN_LETTERS_H

#include "domain/turn.h"
#include "store/letters.h"

struct discard {
    const char *reason;
};

extern const struct schema discard_schema;

/* Nobody waits for it any more; what the node refuses stays refused. ERR_DEAD_NOT_FOUND,
 * ERR_DEAD_RESOLVED. */
bool letter_give_up(const struct turn *turn, int64_t id, const struct discard *in,
    struct letter *letter, struct err *err) MUST_CHECK;

#endif
