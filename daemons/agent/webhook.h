/*
 * Where Xray reports each stream that it routes: an HTTP server on a unix socket (mode 0660). A
 * report names a user's e-mail and both ends of the outer TCP connection; the socket is looked up
 * at once and kept as a session (sessions.h). Where the stream goes is not even read.
 *
 * Reports come after the fact: one of a user who is revoked by now ends that connection on arrival.
 * One that names no live connection is a lie and only counted. Each is answered 204 at once, for
 * Xray waits with a goroutine per report.
 */
#ifndef TG_AGENT_WEBHOOK_H
#define TG_AGENT_WEBHOOK_H

#include "agent/sessions.h"

struct event_base;
struct webhook;

struct webhook_options {
    const char *path; /* of the socket; an old one is replaced */
    struct sockets *sockets;
    struct sessions *sessions;
    bool (*may_live)(void *owner, const char *marker);
    void *owner;
};

struct webhook_counts {
    uint64_t reports;
    uint64_t lies;   /* no e-mail, no such connection, not readable */
    uint64_t late;   /* cut on arrival */
    uint64_t failed; /* should have been cut and could not */
};

/* ERR_SETTINGS with the reason. */
bool webhook_open(struct event_base *base, const struct webhook_options *options,
    struct webhook **webhook, struct err *err) MUST_CHECK;
void webhook_free(struct webhook *webhook); /* NULL is ignored */

/* Whether what is at the path is still our socket. */
bool webhook_is_there(const struct webhook *webhook);

struct webhook_counts webhook_counts(const struct webhook *webhook);

#endif
