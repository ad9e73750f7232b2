/* handshake_ref.c - the reference of goal 3: one verified OpenSSL handshake a connection (chain and host name), then
 * close_notify and close. The context with its trusted roots is made once and not counted.
 *
 *     handshake_ref PROFILE PORT COUNT IN-FLIGHT ROOTS.pem NAME
 */
#include "bench.h"
#include "epoll_client.h"

#include <openssl/ssl.h>
#include <stdio.h>

static SSL_CTX *context;
static const char *name;

static enum progress advance_tls(struct link *link) {
    int result = SSL_connect(link->tls);
    if (result == 1) {
        bool verified = SSL_get_verify_result(link->tls) == X509_V_OK;
        (void)SSL_shutdown(link->tls);
        return verified ? PROGRESS_DONE : PROGRESS_FAILED;
    }
    return SSL_get_error(link->tls, result) == SSL_ERROR_WANT_READ ? PROGRESS_MORE : PROGRESS_FAILED;
}

static enum progress begin_tls(struct link *link) {
    SSL *ssl = link->tls = SSL_new(context);
    if (ssl == NULL || SSL_set_fd(ssl, link->fd) != 1 || SSL_set_tlsext_host_name(ssl, name) != 1 ||
        SSL_set1_host(ssl, name) != 1)
        return PROGRESS_FAILED;
    return advance_tls(link);
}

static void end_tls(struct link *link) { SSL_free(link->tls); }

int main(int argc, char **argv) {
    if (argc != 7) {
        fputs("usage: handshake_ref PROFILE PORT COUNT IN-FLIGHT ROOTS.pem NAME\n", stderr);
        return 2;
    }
    struct epoll_client client = epoll_client_from(argv);
    client.begin_tls = begin_tls;
    client.on_readable = advance_tls;
    client.end_tls = end_tls;
    name = argv[6];
    context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || SSL_CTX_load_verify_file(context, argv[5]) != 1) {
        fprintf(stderr, "handshake_ref: no trusted roots in %s\n", argv[5]);
        return 1;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    bool good = epoll_client_run(&client);
    SSL_CTX_free(context);
    return good ? 0 : 1;
}
