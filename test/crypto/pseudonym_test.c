#include "crypto/pseudonym.h"

#include <string.h>

#include "crypto/hmac.h"
#include "harness/check.h"

int
main(void)
{
    char user[PID_SIZE], connection[PID_SIZE], revision[PID_SIZE], marker[MARKER_SIZE];
    static const char id[] = "0f8fad5b-d9cb-469f-a165-70867728950e";

    pid_make("k", PID_USER, "123456789", user);
    CHECK_STR("dfba11ae6bff86d789ee", user);

    struct arena arena = {0};
    struct hmac *secret = hmac_new("k", 1, &arena);
    for (int i = 0; i < 2; i++) { /* the first leaves nothing behind for the next */
        CHECK(pid_is(secret, PID_USER, "123456789,7", 9, user));
        CHECK(!pid_is(secret, PID_USER, "123456789,7", 8, user));
        CHECK(!pid_is(secret, PID_DEVICE, "123456789", 9, user));
    }
    arena_reset(&arena);

    /* The kind is a part of it, and so is the secret. */
    pid_make("k", PID_CONNECTION, id, connection);
    pid_make("k", PID_REVISION, id, revision);
    CHECK(strcmp(connection, revision) != 0);
    pid_make("l", PID_USER, "123456789", marker);
    CHECK(strcmp(marker, user) != 0);

    marker_make("B1", "0123456789abcdef0123", "fedcba98765432100123", marker);
    CHECK_STR("b1-0123456789ab-fedcba98", marker);
    return check_report("crypto/pseudonym");
}
