/*
 * The client that counts, and the application. With -icount the clock advances by one nanosecond for each instruction that the
 * machine executes, so elapsed time is the number of instructions of all sides together.
 *
 *   load serve PORT OTHER_PORT           answers TCP (any request, as HTTP) and UDP on both until it is killed
 *   load LOAD HOST PORT COUNT BATCHES    prints a line for each batch: instructions for one, and the part that was idle
 *   load answers LOAD HOST PORT          ends with 0 if a request is answered there
 *   load flood kept|new HOST PORT        asks as fast as it can until it is killed
 *   load waits                           ends with 0 if idle time is seen: a wait of a second shows in it
 *
 * LOAD is one of the loads below.
 *
 * Each answer carries a number that grows by one. So the client knows that the application itself answered each request, once, or,
 * of a cache, that it answered none of them.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
/* strcasestr */
#define _GNU_SOURCE
#include "application.h"
#include "flood.h"
#include "tls.h"
#include "web.h"

/* What a datagram carries, in bytes. */
#define DATAGRAM 64
/* The most connections that ask at once. */
#define MOST 64

static const int on = 1;

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

/* What is asked for, again and again. */
static const struct load {
  const char *name;
  /* Connections that ask at once. The next request goes out when all have been answered. */
  int at_once;
  /* Whether a connection serves one request only. */
  int is_new;
  enum { PLAIN, DATAGRAMS, TLS, HTTP_2, HTTP_3, CACHED, REFUSED, DROPPED, STEADY, STEADY_WORST } kind;
  /* Of TLS: whether a new connection resumes the session of the one before. */
  int resumes;
  /* Requests after which kept connections are opened anew; servers close them after 1,000. 0: never, a batch is shorter. */
  int reopens;
  /* What is asked for, and how long the answer's body is. NULL: its number alone. */
  const char *path;
  int body;
} LOADS[] = {
    {"kept", 1, 0, PLAIN},    {"kept-long", 1, 0, PLAIN, 0, 900}, {"new", 1, 1, PLAIN},     {"kept-64", 64, 0, PLAIN},  {"new-64", 64, 1, PLAIN},
    {"datagram", 1, 0, DATAGRAMS}, {"tls-kept", 1, 0, TLS}, {"tls-full", 1, 1, TLS}, {"tls-resumed", 1, 1, TLS, 1},
    {"http2-kept", 1, 0, HTTP_2},  {"http2-new", 1, 1, HTTP_2}, {"http3-kept", 1, 0, HTTP_3}, {"http3-new", 1, 1, HTTP_3},
    {"refused-kept", 1, 0, REFUSED, 0, 900}, {"refused-new", 1, 1, REFUSED}, {"dropped", 1, 1, DROPPED},
    {"kept-1k", 1, 0, PLAIN, 0, 0, "/bodies/1k", SMALL}, {"kept-1m", 1, 0, PLAIN, 0, 0, "/bodies/1m", LARGE},
    {"tls-kept-1m", 1, 0, TLS, 0, 0, "/bodies/1m", LARGE},
    {"cached-1k", 1, 0, CACHED, 0, 0, "/bodies/1k", SMALL}, {"cached-1m", 1, 0, CACHED, 0, 0, "/bodies/1m", LARGE},
    {"steady", 1, 0, STEADY}, {"steady-worst", 1, 0, STEADY_WORST},
};

static const struct load *load_of(const char *name) {
  size_t count = sizeof LOADS / sizeof *LOADS, i = 0;
  while (i < count && strcmp(LOADS[i].name, name)) i++;
  if (i == count) {
    fprintf(stderr, "no load has the name %s\n", name);
    exit(2);
  }
  return LOADS + i;
}

struct client {
  int file;
  /* NULL without TLS. */
  struct ssl_st *tls;
  /* Of HTTP/2 and HTTP/3, which have neither of the two. */
  struct web *web;
};

static struct client client(const struct load *load, struct sockaddr_in *address) {
  if (load->kind == HTTP_2 || load->kind == HTTP_3) {
    struct client web = {-1, NULL, web_open(inet_ntoa(address->sin_addr), ntohs(address->sin_port), load->kind == HTTP_2 ? 2 : 3)};
    return web;
  }
  struct client made = {connection(load->kind == DATAGRAMS ? SOCK_DGRAM : SOCK_STREAM, address), NULL, NULL};
  if (load->kind == TLS) made.tls = tls_open(made.file, load->resumes);
  return made;
}

static void leave(const struct load *load, struct client *client) {
  if (client->tls) tls_close(client->tls, load->resumes);
  if (client->web) web_close(client->web);
  else close(client->file);
}

static void ask(const struct load *load, struct client *client) {
  /* libcurl asks and waits in one call. */
  if (client->web) return;
  static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", nothing[DATAGRAM] = {0};
  static char other[64];
  static int other_length = 0;
  int is_datagram = load->kind == DATAGRAMS;
  const char *words = is_datagram ? nothing : text;
  int length = is_datagram ? DATAGRAM : sizeof text - 1;
  if (load->path) {
    if (!other_length) other_length = snprintf(other, sizeof other, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", load->path);
    words = other;
    length = other_length;
  }
  int sent = client->tls ? tls_write(client->tls, words, length) : write(client->file, words, length);
  if (sent != length) die("write");
}

/* Returns the number of refusals, or 0 if this is none. */
static unsigned refusal(const char *answer, const char *body) {
  static unsigned refusals = 0;
  int length = -1;
  const char *header = strstr(answer, "Content-Length: ");
  if (header) sscanf(header, "Content-Length: %d", &length);
  if (length != strlen(body)) die("a refusal that came in parts");
  return strncmp(answer, "HTTP/1.1 429 ", 13) ? 0 : ++refusals;
}

static int take(struct client *client, char *buffer, int room) {
  int bytes = client->tls ? tls_read(client->tls, buffer, room) : read(client->file, buffer, room);
  if (bytes <= 0) die("no answer");
  return bytes;
}

/* Reads an answer with a body. Returns its number; of a cache, how many answers were equal to the first one. */
static unsigned body(const struct load *load, struct client *client) {
  static char buffer[65536], first[DIGITS];
  static unsigned hits = 0;
  int length = 0, announced = -1;
  char *head = NULL;
  while (!head || buffer + length < head + 4 + DIGITS) {
    length += take(client, buffer + length, sizeof buffer - 1 - length);
    buffer[length] = 0;
    head = strstr(buffer, "\r\n\r\n");
  }
  const char *header = strcasestr(buffer, "content-length: ");
  if (header) announced = atoi(header + strlen("content-length: "));
  if (announced != load->body) die("a body of another length");
  char start[DIGITS + 1] = {0};
  memcpy(start, head + 4, DIGITS);
  int missing = load->body - (buffer + length - head - 4);
  while (missing > 0) missing -= take(client, buffer, missing < sizeof buffer ? missing : sizeof buffer);
  if (load->kind != CACHED) return strtoul(start, NULL, 10);
  if (!hits) memcpy(first, start, DIGITS);
  if (memcmp(first, start, DIGITS)) die("not from the cache");
  return ++hits;
}

/* Returns the answer's number. */
static unsigned answer(const struct load *load, struct client *client) {
  char buffer[8192];
  int length = 0;
  if (client->web) {
    web_ask(client->web, buffer, sizeof buffer);
    if (strlen(buffer) != DIGITS) die("another answer");
    return strtoul(buffer, NULL, 10);
  }
  if (load->body) return body(load, client);
  for (;;) {
    length += take(client, buffer + length, sizeof buffer - 1 - length);
    buffer[length] = 0;
    if (load->kind == DATAGRAMS) {
      if (length != DATAGRAM) die("a datagram of another length");
      buffer[DIGITS] = 0;
      return strtoul(buffer, NULL, 10);
    }
    char *head = strstr(buffer, "\r\n\r\n");
    if (load->kind == REFUSED && head) return refusal(buffer, head + 4);
    if (head && buffer + length >= head + 4 + DIGITS) return strtoul(head + 4, NULL, 10);
  }
}

/* Asks once over each connection. Returns the highest number of the answers. */
static unsigned once(const struct load *load, struct sockaddr_in *address, struct client *clients) {
  unsigned highest = 0;
  if (load->kind == DROPPED) return first_packet(address);
  if (load->is_new)
    for (int i = 0; i < load->at_once; i++) clients[i] = client(load, address);
  for (int i = 0; i < load->at_once; i++) ask(load, clients + i);
  for (int i = 0; i < load->at_once; i++) {
    unsigned number = answer(load, clients + i);
    if (number > highest) highest = number;
  }
  if (load->is_new)
    for (int i = 0; i < load->at_once; i++) leave(load, clients + i);
  return highest;
}

/* A tenth more goes before it, uncounted: it fills caches and tables. All batches of datagrams are one flow. Before its first one there
 * is a wait as well: the kernel believes in a flow that has been answered for two seconds, and carries it cheaper from then on.
 */
static void batch(const struct load *load, struct sockaddr_in *address, int count) {
  static struct client clients[MOST];
  static int is_open = 0;
  int is_datagram = load->kind == DATAGRAMS, rounds = count / load->at_once, is_first = !is_open;
  if (load->kind == REFUSED) {
    /* Whoever was served just now has used up what a second brings. */
    sleep(3);
    while (!once(load_of("refused-new"), address, clients)) continue;
  }
  /* The same for packets. */
  if (load->kind == DROPPED)
    while (!once(load, address, clients)) continue;
  if (!load->is_new && is_first)
    for (int i = 0; i < load->at_once; i++) clients[i] = client(load, address);
  is_open = is_datagram;
  unsigned before = 0, number = 0;
  for (int i = 0; i < 1 + rounds / 10 && (!load->reopens || i < load->reopens); i++) before = once(load, address, clients);
  if (is_datagram && is_first) {
    sleep(2);
    before = once(load, address, clients);
  }
  double idle_before = idle(), start = now();
  for (int i = 0; i < rounds; i++) {
    if (load->reopens && i % load->reopens == 0)
      for (int j = 0; j < load->at_once; j++) {
        leave(load, clients + j);
        clients[j] = client(load, address);
      }
    number = once(load, address, clients);
  }
  double end = now(), idled = idle() - idle_before;
  if (!load->is_new && !is_datagram)
    for (int i = 0; i < load->at_once; i++) leave(load, clients + i);
  if (number - before != count) {
    fprintf(stderr, "%d were sent, but %u were answered\n", count, number - before);
    exit(1);
  }
  printf("%.1f %.1f\n", (end - start) / count, idled / count);
  fflush(stdout);
}

static int ascending(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return difference < 0 ? -1 : difference > 0;
}

/* Asks now and then over one connection, and counts from each request to its answer: what else is done meanwhile costs this client. */
static void steady(const struct load *load, struct sockaddr_in *address, int count) {
  static const struct timespec pause = {0, 5000000};
  double *took = calloc(count, sizeof *took), all = 0, idled = 0;
  struct client one = client(load, address);
  unsigned number = once(load, address, &one);
  for (int i = 0; i < count; i++) {
    nanosleep(&pause, NULL);
    double idle_before = idle(), start = now();
    unsigned next = once(load, address, &one);
    took[i] = now() - start;
    idled += idle() - idle_before;
    all += took[i];
    if (next <= number) die("the application did not answer");
    number = next;
  }
  leave(load, &one);
  qsort(took, count, sizeof *took, ascending);
  printf("%.1f %.1f\n", load->kind == STEADY ? all / count : took[count - 1], idled / count);
  fflush(stdout);
  free(took);
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
  if (words < 5) return 2;
  int answers = !strcmp(word[1], "answers"), floods = !strcmp(word[1], "flood"), is_kept = !strcmp(word[2], "kept");
  if (answers || floods) word++, words--;
  struct sockaddr_in address = {0};
  address.sin_family = AF_INET;
  address.sin_port = htons(atoi(word[3]));
  inet_pton(AF_INET, word[2], &address.sin_addr);
  if (floods) flood(&address, is_kept);
  if (answers) {
    const struct load *load = load_of(word[1]);
    struct client clients[1];
    if (!load->is_new) clients[0] = client(load, &address);
    once(load, &address, clients);
    return 0;
  }
  if (words < 6) return 2;
  const struct load *load = load_of(word[1]);
  int is_steady = load->kind == STEADY || load->kind == STEADY_WORST;
  for (int i = 0; i < atoi(word[5]); i++) (is_steady ? steady : batch)(load, &address, atoi(word[4]));
  return 0;
}
