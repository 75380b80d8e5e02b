#include "tls.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is used of <openssl/ssl.h>, which is in a package of its own. */
typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_session_st SSL_SESSION;
typedef struct ssl_cipher_st SSL_CIPHER;
const struct ssl_method_st *TLS_client_method(void);
SSL_CTX *SSL_CTX_new(const struct ssl_method_st *);
SSL *SSL_new(SSL_CTX *);
int SSL_set_fd(SSL *, int);
int SSL_connect(SSL *);
int SSL_write(SSL *, const void *, int);
int SSL_read(SSL *, void *, int);
int SSL_shutdown(SSL *);
void SSL_free(SSL *);
const char *SSL_get_version(const SSL *);
const char *SSL_get0_group_name(SSL *);
const SSL_CIPHER *SSL_get_current_cipher(const SSL *);
const char *SSL_CIPHER_get_name(const SSL_CIPHER *);
SSL_SESSION *SSL_get1_session(SSL *);
int SSL_set_session(SSL *, SSL_SESSION *);
int SSL_session_reused(const SSL *);
void SSL_SESSION_free(SSL_SESSION *);
void ERR_print_errors_fp(FILE *);

static SSL_CTX *context;
static SSL_SESSION *session;

static void fail(const char *what) {
  fprintf(stderr, "TLS: %s\n", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

static void must_be(const char *what, const char *expected, const char *got) {
  if (got && !strcmp(expected, got)) return;
  fprintf(stderr, "TLS: the %s must be %s, got: %s\n", what, expected, got ? got : "none");
  exit(1);
}

struct ssl_st *tls_open(int file, int resumes) {
  if (!context) context = SSL_CTX_new(TLS_client_method());
  SSL *tls = context ? SSL_new(context) : NULL;
  if (!tls || !SSL_set_fd(tls, file)) fail("no client could be made");
  SSL_SESSION *earlier = resumes ? session : NULL;
  if (earlier && !SSL_set_session(tls, earlier)) fail("the session could not be used");
  if (SSL_connect(tls) != 1) fail("the handshake failed");
  if (SSL_session_reused(tls) != (earlier != NULL)) fail(earlier ? "the session was not resumed" : "a session was resumed");
  /* What OpenSSL 3.5 chooses by itself: whoever chose something cheaper could not be compared. */
  must_be("version", "TLSv1.3", SSL_get_version(tls));
  must_be("key exchange", "X25519MLKEM768", SSL_get0_group_name(tls));
  must_be("cipher", "TLS_AES_256_GCM_SHA384", SSL_CIPHER_get_name(SSL_get_current_cipher(tls)));
  return tls;
}

int tls_write(struct ssl_st *tls, const char *words, int length) {
  return SSL_write(tls, words, length);
}

int tls_read(struct ssl_st *tls, char *buffer, int room) {
  int bytes = SSL_read(tls, buffer, room);
  if (bytes <= 0) fail("no answer");
  return bytes;
}

void tls_close(struct ssl_st *tls, int resumes) {
  /* Otherwise OpenSSL takes the session for broken off. */
  SSL_shutdown(tls);
  if (resumes) {
    SSL_SESSION_free(session);
    /* With the ticket that came with the answer. */
    session = SSL_get1_session(tls);
    if (!session) fail("there is no session to resume");
  }
  SSL_free(tls);
}
