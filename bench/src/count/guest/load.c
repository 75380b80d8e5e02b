/*
 * The application, and the client that counts. With -icount the clock advances by one nanosecond for each instruction that the
 * machine executes, so elapsed time is the number of instructions of all sides together.
 *
 *   load serve PORT OTHER_PORT                 answers TCP (any request, as HTTP) and UDP on both until it is killed
 *   load kept|new|datagram HOST PORT COUNT BATCHES
 *                                              prints a line for each batch: instructions for one, and the part that was idle
 *   load answers HOST PORT                     ends with 0 if a request is answered there
 *   load waits                                 ends with 0 if idle time is seen: a wait of a second shows in it
 *
 * Each answer carries a number that grows by one. So the client knows that the application itself answered each request, once.
 */
/* accept4 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Digits of an answer's number. */
#define DIGITS 8
/* What a datagram carries, in bytes. */
#define DATAGRAM 64

static const int on = 1;

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* ---- the application ---- */

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
  int bytes = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%0*u", DIGITS, DIGITS, ++*number);
  if (write(file, answer, bytes) != bytes) close(file);
}

static void serve(int port, int other) {
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

/* ---- the client ---- */

/* Not adjusted by anything while the machine runs. */
static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC_RAW, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

/* Nanoseconds that the only processor has been idle. An idle machine's clock jumps to its next timer. */
static double idle(void) {
  char line[256];
  double nanoseconds = -1;
  FILE *file = fopen("/proc/timer_list", "r");
  if (!file) die("/proc/timer_list");
  while (fgets(line, sizeof line, file)) sscanf(line, " .idle_sleeptime : %lf", &nanoseconds);
  fclose(file);
  if (nanoseconds < 0) {
    fputs("/proc/timer_list does not tell the idle time\n", stderr);
    exit(1);
  }
  return nanoseconds;
}

static int connection(int type, struct sockaddr_in *address) {
  int file = socket(AF_INET, type, 0);
  /* A lost packet is a failure, and not a long sample. */
  struct timeval limit = {10, 0};
  setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (connect(file, (struct sockaddr *)address, sizeof *address)) die("connect");
  if (type == SOCK_STREAM) setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return file;
}

/* Returns the answer's number. */
static unsigned request(int file) {
  static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  char buffer[8192];
  size_t length = 0;
  if (write(file, text, sizeof text - 1) != sizeof text - 1) die("write");
  for (;;) {
    ssize_t bytes = read(file, buffer + length, sizeof buffer - 1 - length);
    if (bytes <= 0) die("no answer");
    buffer[length += bytes] = 0;
    char *head = strstr(buffer, "\r\n\r\n");
    if (head && buffer + length >= head + 4 + DIGITS) return strtoul(head + 4, NULL, 10);
  }
}

static unsigned datagram(int file) {
  char buffer[DATAGRAM + 1] = {0};
  if (write(file, buffer, DATAGRAM) != DATAGRAM) die("write");
  if (read(file, buffer, DATAGRAM) != DATAGRAM) die("no answer");
  buffer[DIGITS] = 0;
  return strtoul(buffer, NULL, 10);
}

static unsigned once(const char *load, struct sockaddr_in *address, int kept) {
  if (!strcmp(load, "datagram")) return datagram(kept);
  if (!strcmp(load, "kept")) return request(kept);
  int file = connection(SOCK_STREAM, address);
  unsigned number = request(file);
  close(file);
  return number;
}

/* A tenth more goes before it, uncounted: it fills caches and tables. All batches of datagrams are one flow. Before its first one there
 * is a wait as well: the kernel believes in a flow that has been answered for two seconds, and carries it cheaper from then on.
 */
static void batch(const char *load, struct sockaddr_in *address, int count) {
  static int flow = -1;
  int is_datagram = !strcmp(load, "datagram"), is_first = flow < 0;
  if (is_datagram && is_first) flow = connection(SOCK_DGRAM, address);
  int kept = is_datagram ? flow : strcmp(load, "new") ? connection(SOCK_STREAM, address) : -1;
  unsigned before = 0, number = 0;
  for (int i = 0; i < 1 + count / 10; i++) before = once(load, address, kept);
  if (is_datagram && is_first) {
    sleep(2);
    before = once(load, address, kept);
  }
  double idle_before = idle(), start = now();
  for (int i = 0; i < count; i++) number = once(load, address, kept);
  double end = now(), idled = idle() - idle_before;
  if (kept >= 0 && !is_datagram) close(kept);
  if (number - before != count) {
    fprintf(stderr, "%d were sent, but the application answered %u\n", count, number - before);
    exit(1);
  }
  printf("%.1f %.1f\n", (end - start) / count, idled / count);
  fflush(stdout);
}

/* A machine that has just booted is not idle at once. */
static int waits(void) {
  double idled = 0;
  for (int i = 0; i < 10; i++) {
    double before = idle();
    sleep(1);
    idled = idle() - before;
    if (idled > 0.5e9 && idled < 1.5e9) return 0;
  }
  fprintf(stderr, "of a wait of a second, %.3f s were idle\n", idled / 1e9);
  return 1;
}

int main(int words, char **word) {
  if (words > 1 && !strcmp(word[1], "waits")) return waits();
  if (words < 4) return 2;
  if (!strcmp(word[1], "serve")) serve(atoi(word[2]), atoi(word[3]));
  struct sockaddr_in address = {0};
  address.sin_family = AF_INET;
  address.sin_port = htons(atoi(word[3]));
  inet_pton(AF_INET, word[2], &address.sin_addr);
  if (!strcmp(word[1], "answers")) {
    request(connection(SOCK_STREAM, &address));
    return 0;
  }
  for (int i = 0; i < atoi(word[5]); i++) batch(word[1], &address, atoi(word[4]));
  return 0;
}
