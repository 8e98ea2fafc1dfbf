#include "crypto/base64.h"

#include <stdint.h>
#include <string.h>

static const char *const digits[] = {
    [BASE64_STD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

size_t
base64_write(enum base64 form, const void *data, size_t size, char *text)
{
    const unsigned char *in = data;
    char *at = text;

    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i < 3 ? size - i : 3;
        uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
            (left > 2 ? in[i + 2] : 0);

        for (size_t k = 0; k <= left; k++)
            *at++ = digits[form][bits >> (18 - 6 * k) & 63];
        for (size_t k = left; form == BASE64_STD && k < 3; k++)
            *at++ = '=';
    }
    *at = '\0';
    return (size_t)(at - text);
}

/* Characters before the padding; false when the padding is wrong. */
static bool
measure(enum base64 form, const char *text, size_t *length)
{
    size_t whole = strlen(text);

    *length = strcspn(text, "=");
    if (form == BASE64_URL)
        return *length == whole && whole % 4 != 1;
    return whole % 4 == 0 && whole - *length <= 2 && strspn(text + *length, "=") == whole - *length;
}

bool
base64_read(enum base64 form, const char *text, void *data, size_t room, size_t *size)
{
    unsigned char *out = data;
    uint32_t bits = 0, spare = 0;
    size_t length, have = 0;

    if (!measure(form, text, &length) || length * 3 / 4 > room)
        return false;
    for (size_t i = 0; i < length; i++) {
        const char *digit = strchr(digits[form], text[i]);

        if (digit == NULL)
            return false;
        bits = bits << 6 | (uint32_t)(digit - digits[form]);
        spare += 6;
        if (spare >= 8) {
            spare -= 8;
            out[have++] = (unsigned char)(bits >> spare);
        }
    }
    *size = have;
    return (bits & ((1U << spare) - 1)) == 0;
}
