/*
 * Which role runs an inbound for a connection, by one table: events, snapshots and digests of a
 * role are all made from it, so that a role hears exactly of what it serves.
 *
 * A chain ends at VPS_T and begins at VPS_E. With ENTRY_MODE=tcpForward the entry only forwards
 * bytes and VPS_T knows the users; with ENTRY_MODE=xray the entry does.
 */
#ifndef TG_DOMAIN_TARGET_H
#define TG_DOMAIN_TARGET_H

#include "settings/settings.h"

/* The table as it is in force, as JSON for the statements in store/ that take `targets`:
 * [{"protocol","mode","role","component","upsert","remove"}, ...] */
const char *targets_text(const struct settings *settings, struct arena *arena);

/* The rows for one connection alone, for statements that change only one: less to send and to
 * read. Both are names, as on the wire. */
const char *targets_text_of(
    const struct settings *settings, const char *protocol, const char *mode, struct arena *arena);

#endif
