/*
 * Calls of Xray's API over one connection (net/h2), each answered once through a callback: in a
 * later turn, or within the call when there is no connection.
 *
 *     client = xray_client_new(base, "/run/xray-api.sock", settings, &owner);
 *     xray_client_connect(client, &err);
 *     xray_add_user(client, "vless-reality-in", &user, (struct xray_done){added, self});
 *
 * At most 64 calls run at once; who has thousands to make hands them over bit by bit, so that no
 * deadline passes in the queue.
 */
#ifndef TG_AGENT_XRAY_CLIENT_H
#define TG_AGENT_XRAY_CLIENT_H

#include "agent/xray_codec.h"
#include "net/h2.h"
#include "settings/settings.h"

struct xray_client;

enum xray_result {
    XRAY_OK,
    XRAY_EXISTS,      /* the e-mail is known, in whatever letter case; the tag is known */
    XRAY_ABSENT,      /* no such user; no such counter */
    XRAY_NO_INBOUND,  /* the tag is not known, or is of an inbound without users */
    XRAY_INVALID,     /* the user cannot be had: its id is none, say */
    XRAY_UNSUPPORTED, /* this Xray does not have the call, or it is not switched on */
    XRAY_AWAY,        /* no connection, lost, too late */
    XRAY_FAILED,      /* anything else */
    XRAY_RESULTS
};

/* Lives during the callback. */
struct xray_answer {
    enum xray_result result;
    const char *text; /* Xray's own words: may quote a credential, so never into a log */
    uint32_t uptime;  /* of xray_sys_stats, in seconds */
};

struct xray_done {
    void (*done)(void *arg, const struct xray_answer *answer);
    void *arg;
};

/* `server` as for h2_new(); NULL when it is none. */
struct xray_client *xray_client_new(struct event_base *base, const char *server,
    const struct settings *settings, const struct h2_owner *owner);
void xray_client_free(struct xray_client *client); /* NULL is ignored; nothing is answered */
bool xray_client_connect(struct xray_client *client, struct err *err) MUST_CHECK;
void xray_client_drop(struct xray_client *client, const char *why);

/* Xray's process id, where the connection is a unix socket; else 0. */
int xray_client_peer(const struct xray_client *client);

void xray_add_user(struct xray_client *client, const char *tag, const struct xray_entry *user,
    struct xray_done done);
void xray_remove_user(
    struct xray_client *client, const char *tag, const char *email, struct xray_done done);

/* email "": all of them. One that is not there is XRAY_OK without a visit. Visits come before the
 * answer; after a malformed list it is XRAY_FAILED. */
void xray_get_users(struct xray_client *client, const char *tag, const char *email,
    struct xray_visit visit, struct xray_done done);

/* Addresses with a live stream of this user. 127.0.0.1 is never among them. */
void xray_online_addresses(
    struct xray_client *client, const char *email, struct xray_visit visit, struct xray_done done);

void xray_list_inbounds(struct xray_client *client, struct xray_visit visit, struct xray_done done);
void xray_add_inbound(struct xray_client *client, struct bytes request, struct xray_done done);
void xray_remove_inbound(struct xray_client *client, const char *tag, struct xray_done done);
void xray_sys_stats(struct xray_client *client, struct xray_done done);

/* One sentence for people, without anything secret. */
const char *xray_result_text(enum xray_result result);

#endif
