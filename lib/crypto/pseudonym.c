#include "crypto/pseudonym.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "crypto/hmac.h"

void
pid_make(const char *secret, enum pid_kind kind, const char *raw, char pid[PID_SIZE])
{
    static const char *const kinds[] = {"user", "device", "connection", "revision", "peer"};
    unsigned char mac[HMAC_SHA256_BYTES];
    char text[80];
    int length = snprintf(text, sizeof(text), "%s:%.64s", kinds[kind], raw);

    hmac_sha256(secret, strlen(secret), text, (size_t)length, mac);
    hex_write(mac, (PID_SIZE - 1) / 2, pid);
}

void
marker_make(const char *variant, const char *connection_pid, const char *revision_pid,
    char marker[MARKER_SIZE])
{
    snprintf(marker, MARKER_SIZE, "%.2s-%.12s-%.8s", variant, connection_pid, revision_pid);
    for (char *at = marker; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
}
