/*
 * The one error type. A function that can fail returns bool (true means done) and takes
 * `struct err *err` last. On failure it has filled *err once; on success it has not touched it.
 *
 *     if (connection->status == STATUS_REVOKED)
 *         return err_set(err, ERR_CONNECTION_REVOKED);
 *
 * Each error that a program may want to tell from others has its own code; one table, err_kinds,
 * says what it is. What a class means on a wire is the business of that wire (lib/http).
 */
#ifndef TG_BASE_ERR_H
#define TG_BASE_ERR_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/err_code.h"

struct err_kind {
    enum err_class class;
    const char *code;     /* on the wire, for programs: snake_case, never changed */
    const char *sentence; /* for people, unless the place of the error knows a better one */
};

extern const struct err_kind err_kinds[ERR_CODES];

struct err {
    enum err_code code;
    const char *member; /* of the input, which a rule refused; NULL: none in particular */
    const char *fault;  /* and then its type, one of schema/read.h */
    char detail[256];   /* one sentence; never a secret */
};

/* Fill *err with the code's sentence, or with a better one. The value is false, so that callers
 * can write `return err_set(...)`. */
#define err_set(err, code)      (err_fill(err, code), false)
#define err_say(err, code, ...) (err_fill_text(err, code, __VA_ARGS__), false)

/* The same for what a rule finds in one member of the input. */
#define err_fault(err, name, type, ...) (err_fill_fault(err, name, type, __VA_ARGS__), false)

void err_fill(struct err *err, enum err_code code);
void err_fill_text(struct err *err, enum err_code code, const char *fmt, ...) PRINTF(3, 4);
void err_fill_fault(struct err *err, const char *member, const char *fault, const char *fmt, ...)
    PRINTF(4, 5);

#endif
