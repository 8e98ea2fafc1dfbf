/*
 * IPAM: the addresses of WireGuard peers. A device keeps its address while it has a tunnel; then
 * the address rests in quarantine, where its last owner alone can have it back.
 */
#ifndef TG_STORE_IPAM_H
#define TG_STORE_IPAM_H

#include "db/db.h"

/* A device's WireGuard as it stands. */
struct tunnel {
    bool connected;       /* it has an active connection */
    bool left;            /* there is an address to be had; only by tunnel_look() */
    const char *lease_id; /* NULL: it holds no address */
    const char *ip;
};

/* The device must be locked, or its connection. */
bool tunnel_find(
    struct db *db, const char *device_id, struct tunnel *tunnel, struct err *err) MUST_CHECK;

/* The same without a lock, and whether there is an address left. */
bool tunnel_look(
    struct db *db, const char *device_id, struct tunnel *tunnel, struct err *err) MUST_CHECK;

/* For a device that holds none: its own address if that still rests, else the lowest that nobody
 * holds. Locks the pools, so that two never choose the same; `lease_id` is for a new row.
 * ERR_IPAM_EXHAUSTED. */
bool address_take(struct db *db, const char *device_id, const char *lease_id, struct tunnel *tunnel,
    struct err *err) MUST_CHECK;

#endif
