/* A client's side of TLS 1.3, by OpenSSL. All end the program with a message if something is not as expected. */

struct ssl_st;

/* With resumes: continues the session of the last connection that was closed with it, if there was one. */
struct ssl_st *tls_open(int file, int resumes);
int tls_write(struct ssl_st *tls, const char *words, int length);
int tls_read(struct ssl_st *tls, char *buffer, int room);
/* With resumes: keeps the session for the next connection. */
void tls_close(struct ssl_st *tls, int resumes);
