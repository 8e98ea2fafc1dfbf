/* Typed arguments of statements, $1 onwards: DB_ARGS(arg_int(id), arg_text(name)). */
#ifndef TG_DB_ARG_H
#define TG_DB_ARG_H

#include "schema/schema.h"

struct db_arg {
    enum {
        ARG_END,
        ARG_NULL,
        ARG_BOOL,
        ARG_INT,
        ARG_TIME,
        ARG_TEXT
    } type;
    int64_t number;
    const char *text;
};

#define DB_ARGS(...) ((const struct db_arg[]){__VA_ARGS__, {.type = ARG_END}})
#define DB_NO_ARGS   ((const struct db_arg[]){{.type = ARG_END}})

/* What C calls null is sent as SQL null. Texts must outlive the call. */
struct db_arg arg_bool(bool value);
struct db_arg arg_int(int64_t number);
struct db_arg arg_opt_int(struct opt_int number);
struct db_arg arg_time(usec_t at);
struct db_arg arg_text(const char *text); /* and enums, UUIDs, JSON */

#endif
