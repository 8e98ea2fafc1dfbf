#include "crypto/x25519.h"

#include <string.h>

#include "base/str.h"
#include "harness/check.h"

/* RFC 7748, 5.2, after one iteration: the scalar 9 times the base point. */
static void
test_the_public_key_is_the_one_of_the_rfc(void)
{
    const unsigned char secret[X25519_BYTES] = {9};
    unsigned char public[X25519_BYTES];
    char hex[2 * X25519_BYTES + 1];
    struct err err;

    CHECK(x25519_public(secret, public, &err));
    hex_write(public, sizeof(public), hex);
    CHECK_STR("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079", hex);
}

static void
test_pairs_belong_together_and_differ(void)
{
    unsigned char secret[2][X25519_BYTES], public[2][X25519_BYTES], again[X25519_BYTES];
    struct err err;

    for (int i = 0; i < 2; i++) {
        CHECK(x25519_make(secret[i], public[i], &err));
        CHECK(x25519_public(secret[i], again, &err));
        CHECK(memcmp(public[i], again, sizeof(again)) == 0);
        CHECK_INT(0, secret[i][0] & 7);
        CHECK_INT(64, secret[i][31] & 192);
    }
    CHECK(memcmp(secret[0], secret[1], X25519_BYTES) != 0);
}

int
main(void)
{
    test_the_public_key_is_the_one_of_the_rfc();
    test_pairs_belong_together_and_differ();
    return check_report("crypto/x25519");
}
