#include "domain/marker.h"

#include "crypto/pseudonym.h"

const char *
marker_of(const struct turn *turn, const char *variant, const char *connection_id,
    const char *revision_id)
{
    const char *secret = turn->settings->pseudonym_secret;
    char connection_pid[PID_SIZE], revision_pid[PID_SIZE];
    char *marker = arena_alloc(turn->arena, MARKER_SIZE);

    pid_make(secret, PID_CONNECTION, connection_id, connection_pid);
    pid_make(secret, PID_REVISION, revision_id, revision_pid);
    marker_make(variant, connection_pid, revision_pid, marker);
    return marker;
}
