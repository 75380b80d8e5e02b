/* A client of HTTP/2 and HTTP/3, by libcurl. All end the program with a message if something is not as expected. */

/* HOST, a port, and a version: 2, or 3 without a try of an earlier one. The connection is made by the first request. */
struct web *web_open(const char *host, int port, int version);
/* Asks, and writes the answer's body, of less than room bytes, as a string. */
void web_ask(struct web *web, char *body, int room);
void web_close(struct web *web);
