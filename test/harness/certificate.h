/* A CA that is its own server's and client's certificate, with its key, in one file. */
#ifndef TG_TEST_CERTIFICATE_H
#define TG_TEST_CERTIFICATE_H

void certificate_make(const char *file);

#endif
