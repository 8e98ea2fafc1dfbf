#include "crypto/pseudonym.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "crypto/hmac.h"

enum {
    TEXT_SIZE = 80
};

static size_t
write_text(enum pid_kind kind, const char *raw, size_t length, char text[TEXT_SIZE])
{
    static const char *const kinds[] = {"user", "device", "connection", "revision", "peer"};
    int size =
        snprintf(text, TEXT_SIZE, "%s:%.*s", kinds[kind], length < 64 ? (int)length : 64, raw);

    return (size_t)size;
}

void
pid_make(const char *secret, enum pid_kind kind, const char *raw, char pid[PID_SIZE])
{
    unsigned char mac[HMAC_SHA256_BYTES];
    char text[TEXT_SIZE];
    size_t length = write_text(kind, raw, strlen(raw), text);

    hmac_sha256(secret, strlen(secret), text, length, mac);
    hex_write(mac, (PID_SIZE - 1) / 2, pid);
}

bool
pid_is(struct hmac *secret, enum pid_kind kind, const char *raw, size_t length,
    const char pid[PID_SIZE])
{
    unsigned char mac[HMAC_SHA256_BYTES];
    char text[TEXT_SIZE], made[PID_SIZE];

    hmac_make(secret, text, write_text(kind, raw, length, text), mac);
    hex_write(mac, (PID_SIZE - 1) / 2, made);
    return str_eq(made, pid);
}

void
marker_make(const char *variant, const char *connection_pid, const char *revision_pid,
    char marker[MARKER_SIZE])
{
    snprintf(marker, MARKER_SIZE, "%.2s-%.12s-%.8s", variant, connection_pid, revision_pid);
    for (char *at = marker; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
}
