#include "crypto/tls.h"

#include <openssl/ssl.h>

static bool
load(SSL_CTX *context, const char *cert, const char *key, struct err *err)
{
    if (SSL_CTX_use_certificate_chain_file(context, cert) != 1)
        return err_say(err, ERR_SETTINGS, "no certificate in %s", cert);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return err_say(err, ERR_SETTINGS, "no key of the certificate in %s", key);
    return true;
}

static bool
require_client(SSL_CTX *context, const char *ca, struct err *err)
{
    static const unsigned char name[] = "tracegate"; /* sessions of verified clients need one */

    if (ca == NULL)
        return true;
    if (SSL_CTX_load_verify_locations(context, ca, NULL) != 1)
        return err_say(err, ERR_SETTINGS, "no CA certificate in %s", ca);
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(ca));
    SSL_CTX_set_session_id_context(context, name, sizeof(name) - 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return true;
}

bool
tls_server(const char *cert, const char *key, const char *ca, SSL_CTX **context, struct err *err)
{
    SSL_CTX *made = SSL_CTX_new(TLS_server_method());

    if (made == NULL)
        return err_say(err, ERR_SETTINGS, "no TLS context");
    SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
    if (!load(made, cert, key, err) || !require_client(made, ca, err)) {
        SSL_CTX_free(made);
        return false;
    }
    *context = made;
    return true;
}

void
tls_free(SSL_CTX *context)
{
    SSL_CTX_free(context);
}
