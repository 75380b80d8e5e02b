struct sockaddr_in;

/* One address that asks as fast as it can, over 16 connections, until it is killed. With is_kept: 16 requests in a segment, on connections
 * that stay open. Otherwise a connection for each request.
 */
void flood(struct sockaddr_in *address, int is_kept);
/* A connection's first packet. Returns how many were dropped so far, or 0 if this one was answered. */
unsigned first_packet(struct sockaddr_in *address);
