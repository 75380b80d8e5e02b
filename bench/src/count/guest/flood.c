#include "flood.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 16
/* Requests that one segment brings. */
#define AT_ONCE 16
/* How often a connection is looked at in vain before another one takes its place. Whoever is blocked thus goes on with first packets. */
#define PATIENCE 50

struct connection {
  /* 0: there is none. */
  int file;
  /* Requests without an answer. */
  int open;
  int in_vain;
};

static const char REQUEST[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

static void end(struct connection *connection) {
  close(connection->file);
  memset(connection, 0, sizeof *connection);
}

static int answers_in(const char *text) {
  int found = 0;
  while ((text = strstr(text, "HTTP/1.1 "))) text++, found++;
  return found;
}

static void ask(struct connection *connection, int requests) {
  char all[AT_ONCE * sizeof REQUEST];
  int length = 0;
  for (int i = 0; i < requests; i++, length += sizeof REQUEST - 1) memcpy(all + length, REQUEST, sizeof REQUEST - 1);
  int sent = send(connection->file, all, length, MSG_NOSIGNAL);
  if (sent == length) connection->open = requests;
  else if (sent < 0 && errno != EAGAIN && errno != ENOTCONN) end(connection);
}

static void serve(struct connection *connection, struct sockaddr_in *address, int is_kept) {
  char answer[16384];
  if (!connection->file) {
    connection->file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connection->file < 0) perror("socket"), exit(1);
    connect(connection->file, (struct sockaddr *)address, sizeof *address);
  }
  if (!connection->open) ask(connection, is_kept ? AT_ONCE : 1);
  if (!connection->file) return;
  int length = connection->open ? recv(connection->file, answer, sizeof answer - 1, 0) : -1;
  if (length > 0) {
    answer[length] = 0;
    connection->open -= answers_in(answer);
    connection->in_vain = 0;
    if (connection->open <= 0 && !is_kept) end(connection);
  } else if (length == 0 || ++connection->in_vain > PATIENCE) {
    end(connection);
  }
}

void flood(struct sockaddr_in *address, int is_kept) {
  static struct connection connections[CONNECTIONS];
  for (;;)
    for (int i = 0; i < CONNECTIONS; i++) serve(connections + i, address, is_kept);
}

unsigned first_packet(struct sockaddr_in *address) {
  static unsigned dropped = 0;
  struct sockaddr_in peer;
  socklen_t length = sizeof peer;
  int file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  /* With cables between namespaces, an answer is there before connect returns. */
  int is_open = !connect(file, (struct sockaddr *)address, sizeof *address) || !getpeername(file, (struct sockaddr *)&peer, &length);
  int is_answered = is_open || send(file, "", 1, MSG_NOSIGNAL) >= 0 || errno != EAGAIN;
  close(file);
  return is_answered ? 0 : ++dropped;
}
