#include "crypto/digest.h"

#include <string.h>

#include "base/str.h"
#include "crypto/hmac.h"
#include "harness/check.h"

/* FIPS 180-2, B.1. */
static void
test_sha256(void)
{
    char hex[SHA256_HEX_SIZE];

    sha256_hex("abc", 3, hex);
    CHECK_STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hex);
}

/* RFC 4231, 4.3 and 4.7: a short key, and one longer than a block. */
static void
test_hmac(void)
{
    static const char data[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    unsigned char mac[HMAC_SHA256_BYTES], key[131];
    char hex[SHA256_HEX_SIZE];

    hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
    hex_write(mac, sizeof(mac), hex);
    CHECK_STR("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", hex);
    memset(key, 0xaa, sizeof(key));
    hmac_sha256(key, sizeof(key), data, strlen(data), mac);
    hex_write(mac, sizeof(mac), hex);
    CHECK_STR("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", hex);
}

int
main(void)
{
    test_sha256();
    test_hmac();
    return check_report("crypto/digest");
}
