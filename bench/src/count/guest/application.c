/* accept4 */
#define _GNU_SOURCE
#include "application.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const int on = 1;

void die(const char *what) {
  perror(what);
  exit(1);
}

static void watch(int epoll, int file) {
  struct epoll_event event = {0};
  event.events = EPOLLIN;
  event.data.fd = file;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event)) die("epoll_ctl");
}

static int listener(int type, int port) {
  struct sockaddr_in address = {0};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  int file = socket(AF_INET, type | SOCK_NONBLOCK, 0);
  setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(file, (struct sockaddr *)&address, sizeof address)) die("bind");
  if (type == SOCK_STREAM && listen(file, 1024)) die("listen");
  return file;
}

static void answer_datagram(int file, unsigned number) {
  char buffer[2048], digits[DIGITS + 1];
  struct sockaddr_in client;
  socklen_t length = sizeof client;
  ssize_t bytes = recvfrom(file, buffer, sizeof buffer, 0, (struct sockaddr *)&client, &length);
  if (bytes < DIGITS) return;
  snprintf(digits, sizeof digits, "%0*u", DIGITS, number);
  memcpy(buffer, digits, DIGITS);
  sendto(file, buffer, bytes, 0, (struct sockaddr *)&client, length);
}

/* An answer with a body. Its connection waits for no other. */
static void answer_body(int file, int length, unsigned number) {
  static char answer[256 + LARGE];
  int sent = 0, bytes = length + snprintf(answer, 256, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%0*u", length, DIGITS, number) - DIGITS;
  while (sent < bytes) {
    ssize_t part = write(file, answer + sent, bytes - sent);
    struct pollfd room = {file, POLLOUT};
    if (part > 0) sent += part;
    else if (errno != EAGAIN) die("write");
    else poll(&room, 1, -1);
  }
}

/* Requests are small, and one is asked at a time: each read is a whole request, a line of the PROXY protocol, both, or the end of the
 * connection.
 */
static void answer_request(int file, unsigned *number) {
  char buffer[16384], answer[128];
  ssize_t length = read(file, buffer, sizeof buffer);
  if (length <= 0) {
    close(file);
    return;
  }
  char *line = length > 6 && !memcmp(buffer, "PROXY ", 6) ? memchr(buffer, '\n', length) : NULL;
  if (line && line + 1 == buffer + length) return;
  if (length > 13 && !memcmp(buffer, "GET /bodies/1", 13)) {
    answer_body(file, buffer[13] == 'm' ? LARGE : SMALL, ++*number);
    return;
  }
  int bytes = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%0*u", DIGITS, DIGITS, ++*number);
  if (write(file, answer, bytes) != bytes) close(file);
}

void serve(int port, int other) {
  unsigned number = 0;
  int epoll = epoll_create1(0);
  int tcp = listener(SOCK_STREAM, port), udp = listener(SOCK_DGRAM, port);
  int other_tcp = listener(SOCK_STREAM, other), other_udp = listener(SOCK_DGRAM, other);
  watch(epoll, tcp);
  watch(epoll, udp);
  watch(epoll, other_tcp);
  watch(epoll, other_udp);
  for (;;) {
    /* One at a time: tcc does not pack the struct, so that a second event would not be where the kernel has written it. */
    struct epoll_event event;
    if (epoll_wait(epoll, &event, 1, -1) != 1) continue;
    int file = event.data.fd;
    if (file == udp || file == other_udp) {
      answer_datagram(file, ++number);
    } else if (file == tcp || file == other_tcp) {
      int connection = accept4(file, NULL, NULL, SOCK_NONBLOCK);
      if (connection < 0) continue;
      setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch(epoll, connection);
    } else {
      answer_request(file, &number);
    }
  }
}
