/*
 * Which live connections belong to which credential: {marker, both ends, cookie} of each TCP
 * connection that Xray has reported. Kept in memory, copied into the state's table `socket` by
 * sessions_store() so that it outlives the agent: reports are sent once and never again. Where a
 * connection went is never kept.
 *
 * Nobody tells of a connection's end, so sessions_sweep() asks the kernel from time to time.
 */
#ifndef TG_AGENT_SESSIONS_H
#define TG_AGENT_SESSIONS_H

#include "agent/sockets.h"
#include "agent/state.h"

enum {
    SESSION_MARKER_SIZE = 64 /* with its end; longer ones are not ours */
};

struct sessions;

struct sessions *sessions_new(struct sockets *sockets);
void sessions_free(struct sessions *sessions); /* NULL is ignored */

/* The cookie of a pair is known already from the kernel. A connection that is known keeps one
 * marker, the latest. */
void sessions_add(
    struct sessions *sessions, const char *marker, const struct sock_pair *pair, uint64_t cookie);

/* Who has reported this connection; NULL: nobody. */
const char *sessions_owner(const struct sessions *sessions, uint64_t cookie);

struct session_cut {
    unsigned cut, gone, failed; /* failed: still alive, and kept */
};

/* End every connection of this marker, and no other. */
struct session_cut sessions_cut(struct sessions *sessions, const char *marker);

/* The same credential goes by another marker from now on. */
void sessions_rename(struct sessions *sessions, const char *from, const char *to);

/* Forget up to `limit` connections that are gone, going round and round. */
void sessions_sweep(struct sessions *sessions, size_t limit);

size_t sessions_count(const struct sessions *sessions);

/* Each marker that has a connection, perhaps more than once; the visit may cut it. */
void
sessions_each(struct sessions *sessions, void (*visit)(void *arg, const char *marker), void *arg);

/* What changed since the last call, in the lazy transaction. */
bool sessions_store(struct sessions *sessions, struct state *state, struct err *err) MUST_CHECK;

/* What was stored, less what is gone. */
bool sessions_load(struct sessions *sessions, struct state *state, struct err *err) MUST_CHECK;

#endif
