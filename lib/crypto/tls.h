/* TLS contexts for servers, for libevent's bufferevents. */
#ifndef TG_CRYPTO_TLS_H
#define TG_CRYPTO_TLS_H

#include <openssl/types.h>

#include "base/err.h"

/* TLS 1.2 and later, with a certificate chain and its key from PEM files. With `ca` a client must
 * show a certificate that it has signed. The caller owns *context. ERR_SETTINGS names the file. */
bool tls_server(const char *cert, const char *key, const char *ca, SSL_CTX **context,
    struct err *err) MUST_CHECK;

/* NULL is ignored. */
void tls_free(SSL_CTX *context);

#endif
