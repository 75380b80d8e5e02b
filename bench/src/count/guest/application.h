/* The application behind the gateway: it answers with a number that grows by one, in as many digits. */

#define DIGITS 8
/* The bodies of /bodies/1k and /bodies/1m, in bytes. They begin with the number. */
#define SMALL 1024
#define LARGE 1048576

/* Answers TCP (any request, as HTTP) and UDP on both ports until it is killed. */
void serve(int port, int other);
/* Ends the program with what went wrong. */
void die(const char *what);
