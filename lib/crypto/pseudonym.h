/*
 * Pseudonyms: what stands for a person or a credential on nodes, in metrics and in logs. Whoever
 * does not have PSEUDONYM_SECRET cannot go back from one.
 *
 *     pid_make(settings->pseudonym_secret, PID_CONNECTION, connection->id, connection_pid);
 *     pid_make(settings->pseudonym_secret, PID_REVISION, revision->id, revision_pid);
 *     marker_make("B1", connection_pid, revision_pid, marker);     b1-4f0c1a2b3c4d-99aa88bb
 */
#ifndef TG_CRYPTO_PSEUDONYM_H
#define TG_CRYPTO_PSEUDONYM_H

#include <stdbool.h>
#include <stddef.h>

enum pid_kind {
    PID_USER,
    PID_DEVICE,
    PID_CONNECTION,
    PID_REVISION,
    PID_PEER
};

enum {
    PID_SIZE = 21, /* of the text, with its end */
    MARKER_SIZE = 2 + 1 + 12 + 1 + 8 + 1
};

/* The first 20 hex digits of HMAC-SHA256(secret, "<kind>:<raw>"); raw is a Telegram id in decimal
 * or a UUID, shorter than 64 characters. */
void pid_make(const char *secret, enum pid_kind kind, const char *raw, char pid[PID_SIZE]);

/* Whether it is that of this one, asked of many in turn: `raw` ends after `length` characters. */
struct hmac;
bool pid_is(struct hmac *secret, enum pid_kind kind, const char *raw, size_t length,
    const char pid[PID_SIZE]);

/* `<variant>-<12 of the connection's>-<8 of the revision's>`, lower case. */
void marker_make(const char *variant, const char *connection_pid, const char *revision_pid,
    char marker[MARKER_SIZE]);

#endif
