#include "crypto/token.h"

#include <string.h>

#include "base/rand.h"
#include "base/str.h"
#include "crypto/base64.h"
#include "crypto/secret.h"

static const char prefix[] = "tg_";

enum {
    PREFIX_LENGTH = sizeof(prefix) - 1,
    RANDOM_BYTES = 32,
    RANDOM_LENGTH = 43,
    SUM_BYTES = 4
};

uint32_t
token_crc32(const void *data, size_t size)
{
    const unsigned char *at = data;
    uint32_t crc = UINT32_MAX;

    for (; size > 0; size--) {
        crc ^= *at++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (UINT32_C(0xedb88320) & -(crc & 1));
    }
    return ~crc;
}

static void
write_sum(const char *random, char *text)
{
    uint32_t crc = token_crc32(random, RANDOM_LENGTH);
    const unsigned char sum[SUM_BYTES] = {(unsigned char)(crc >> 24), (unsigned char)(crc >> 16),
        (unsigned char)(crc >> 8), (unsigned char)crc};

    base64_write(BASE64_URL, sum, sizeof(sum), text);
}

void
token_make(char text[TOKEN_TEXT_SIZE])
{
    unsigned char bytes[RANDOM_BYTES];

    rand_bytes(bytes, sizeof(bytes));
    memcpy(text, prefix, PREFIX_LENGTH);
    base64_write(BASE64_URL, bytes, sizeof(bytes), text + PREFIX_LENGTH);
    write_sum(text + PREFIX_LENGTH, text + PREFIX_LENGTH + RANDOM_LENGTH);
    secret_wipe(bytes, sizeof(bytes));
}

bool
token_plausible(const char *text)
{
    char sum[BASE64_URL_SIZE(SUM_BYTES)];

    if (memcmp(text, prefix, strnlen(text, PREFIX_LENGTH)) != 0 || strlen(text) < PREFIX_LENGTH)
        return true;
    if (strlen(text) != TOKEN_TEXT_SIZE - 1)
        return false;
    write_sum(text + PREFIX_LENGTH, sum);
    return str_eq(sum, text + PREFIX_LENGTH + RANDOM_LENGTH);
}
