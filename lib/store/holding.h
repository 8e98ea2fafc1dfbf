/*
 * Holding: what a change of access locks first, in one statement and always in the same order:
 * the user, the device, the connection, the revision.
 *
 * A lock is a statement of its own. It answers with the locked rows as they are once the lock is
 * had, so rules may look at them; whatever else a rule looks at needs a later statement.
 */
#ifndef TG_STORE_HOLDING_H
#define TG_STORE_HOLDING_H

#include "store/users.h"

/* A user, a device and a connection, locked together, and what issuing wants to know of them. */
struct holding {
    int64_t user_id;
    int user_role;          /* enum user_role */
    int entitlement_status; /* enum standing */
    bool user_blocked;      /* by a bot block that runs */
    const char *device_id;
    int64_t device_user_id;
    int device_status;                   /* enum access_status */
    const char *host_vps_t, *host_vps_e; /* of the oldest active node, or NULL */
    const char *name_vps_t, *name_vps_e; /* for TLS of its own: of the same node, or NULL */
    const char *connection_id;           /* this and the following: not by device_hold() */
    int protocol, mode, variant, status;
    const char *custom_overrides_json;
    const char *revision_id; /* this and the following: only by revision_hold() */
    int revision_status;
    bool secret_gone; /* it is too late to activate the revision */
};

/* To whom a device belongs, without a lock. */
struct owner {
    int64_t user_id;
    int user_role; /* enum user_role */
};

/* ERR_DEVICE_NOT_FOUND. */
bool
device_owner(struct db *db, const char *device_id, struct owner *owner, struct err *err) MUST_CHECK;

/* A device and its owner, without a lock and without a connection: for what is only looked at.
 * ERR_DEVICE_NOT_FOUND. */
bool device_look(
    struct db *db, const char *device_id, struct holding *holding, struct err *err) MUST_CHECK;

enum hold_device {
    HOLD_DEVICE_SHARED, /* `for share` */
    HOLD_DEVICE_ALONE   /* `for update`: for what a device has one of */
};

/* For a new connection: the user `for share`, and the device. ERR_USER_NOT_FOUND,
 * ERR_DEVICE_NOT_FOUND. */
bool device_hold(struct db *db, enum hold_device how, int64_t user_id, const char *device_id,
    struct holding *holding, struct err *err) MUST_CHECK;

enum hold {
    HOLD_TO_GIVE, /* the user `for share` */
    HOLD_TO_TAKE  /* the user `for update` */
};

/* The connection itself is always locked `for update`, and so is the device of a tunnel (but its
 * key). ERR_CONNECTION_NOT_FOUND. */
bool connection_hold(struct db *db, enum hold how, const char *connection_id,
    struct holding *holding, struct err *err) MUST_CHECK;

/* Some of many connections: the active ones with something in them that some role has an inbound
 * for, by id. */
struct holding_range {
    bool tunnels;    /* WireGuard's, or all others: the former are locked with their devices */
    int64_t user_id; /* 0: of anybody */
    const struct actor *actor; /* and of himself or those below him, unless it is nobody */
    const char *role;          /* NULL: any */
    const char *targets;       /* the text of domain/target.h */
    const char *after; /* what the last one had, NULL at the beginning: its id; tunnels: device */
    int64_t limit;
};

/* struct holding. No user is locked: what is done to them gives nobody anything. */
bool connections_hold(struct db *db, const struct holding_range *range, struct list *holdings,
    struct err *err) MUST_CHECK;

/* The same for a revision's connection. ERR_REVISION_NOT_FOUND. */
bool revision_hold(struct db *db, enum hold how, const char *revision_id, int64_t undo_seconds,
    struct holding *holding, struct err *err) MUST_CHECK;

#endif
