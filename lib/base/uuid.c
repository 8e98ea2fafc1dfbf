#include "base/uuid.h"

#include <string.h>

#include "base/rand.h"

void
uuid_make(char uuid[UUID_SIZE])
{
    static const char form[] = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
    unsigned char bytes[UUID_SIZE];

    rand_bytes(bytes, sizeof(bytes));
    for (size_t i = 0; i < UUID_SIZE; i++) {
        uuid[i] = form[i];
        if (form[i] == 'x')
            uuid[i] = "0123456789abcdef"[bytes[i] & 15];
        else if (form[i] == 'y')
            uuid[i] = "89ab"[bytes[i] & 3];
    }
}

void
uuid_credential_key(const char *uuid, char key[UUID_SIZE])
{
    memcpy(key, uuid, UUID_SIZE);
    memset(key + strlen("xxxxxxxx-xxxx-"), '0', 4);
}
