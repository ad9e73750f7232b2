/* name_text.h - a distinguished name for people. */
#ifndef MXG_NAME_TEXT_H
#define MXG_NAME_TEXT_H

#include <openssl/types.h>

/* As RFC 2253 writes it, sanitised, at most CERT_TEXT_MAX octets; the caller frees. */
char *name_text(const X509_NAME *name);

#endif
