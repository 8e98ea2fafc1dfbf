/*
 * How far a connection's newest change has come, per role that it concerns: plain counts, which
 * domain/delivery.h makes a state of.
 */
#ifndef TG_STORE_DELIVERY_H
#define TG_STORE_DELIVERY_H

#include "db/db.h"

struct progress {
    const char *connection_id;
    int status;       /* of the connection: enum access_status */
    const char *role; /* VPS_T or VPS_E */
    usec_t since;     /* of the newest event; of the connection when there is none */
    bool numbered;    /* by the dispatcher; false also when there is no event */
    int64_t nodes;    /* active ones of the role; of them: */
    int64_t seen;     /* within the last 30 s */
    int64_t passed;   /* with the event's component proven past it */
    int64_t dead;     /* that have given this version up */
};

/* Of one connection, or of a device's active ones, oldest first; `targets` is the text of
 * domain/target.h. */
bool progress_of_connection(struct db *db, const char *connection_id, const char *targets,
    struct list *rows, struct err *err) MUST_CHECK;
bool progress_of_device(struct db *db, const char *device_id, const char *targets,
    struct list *rows, struct err *err) MUST_CHECK;

#endif
