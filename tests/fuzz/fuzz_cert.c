// link: mxg_cert
/* fuzz_cert.c - the input is the body of a TLS Certificate message. Every text that comes out is clean, every number in
 * its range, every list bounded; dates hold between their ends; a name matches by itself, by one label for a star, or
 * not at all (cert_check.h).
 */
#include "cert_check.h"

static struct trust *trust;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    trust = lab_trust();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *error = NULL;
    struct cert_chain *chain = cert_chain_parse(trust, data, size, NOW, &error);
    CHECK((chain == NULL) == (error != NULL));
    if (chain)
        check_chain(chain, size);
    cert_chain_free(&chain);
    CHECK(chain == NULL);
    return 0;
}
