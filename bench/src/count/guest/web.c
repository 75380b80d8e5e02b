#include "web.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is used of <curl/curl.h>, which is in a package of its own. */
typedef void CURL;
CURL *curl_easy_init(void);
int curl_easy_setopt(CURL *, int, ...);
int curl_easy_perform(CURL *);
int curl_easy_getinfo(CURL *, int, ...);
void curl_easy_cleanup(CURL *);
enum {
  CURLOPT_WRITEDATA = 10001,
  CURLOPT_URL = 10002,
  CURLOPT_ERRORBUFFER = 10010,
  CURLOPT_TIMEOUT = 13,
  CURLOPT_SSL_VERIFYPEER = 64,
  CURLOPT_SSL_VERIFYHOST = 81,
  CURLOPT_HTTP_VERSION = 84,
  CURLOPT_WRITEFUNCTION = 20011,
  CURL_HTTP_VERSION_2TLS = 4,
  CURL_HTTP_VERSION_3ONLY = 31,
  CURLINFO_NUM_CONNECTS = 0x20001a,
  CURLINFO_HTTP_VERSION = 0x20002e,
};
/* What CURLINFO_HTTP_VERSION says. */
static const long SPOKEN[] = {0, 0, 3, 30};

struct web {
  CURL *curl;
  int version, has_asked;
  char *body;
  int room, length;
  char error[256];
};

static void fail(struct web *web, const char *what) {
  fprintf(stderr, "HTTP/%d: %s: %s\n", web->version, what, web->error);
  exit(1);
}

static size_t take(const char *bytes, size_t size, size_t count, void *into) {
  struct web *web = into;
  if (web->length + count >= web->room) return 0;
  memcpy(web->body + web->length, bytes, count);
  web->length += count;
  return count;
}

struct web *web_open(const char *host, int port, int version) {
  struct web *web = calloc(1, sizeof *web);
  web->version = version;
  web->curl = curl_easy_init();
  if (!web->curl) fail(web, "no client could be made");
  char url[64];
  snprintf(url, sizeof url, "https://%s:%d/", host, port);
  curl_easy_setopt(web->curl, CURLOPT_URL, url);
  curl_easy_setopt(web->curl, CURLOPT_ERRORBUFFER, web->error);
  curl_easy_setopt(web->curl, CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(web->curl, CURLOPT_SSL_VERIFYPEER, 0L);
  curl_easy_setopt(web->curl, CURLOPT_SSL_VERIFYHOST, 0L);
  curl_easy_setopt(web->curl, CURLOPT_HTTP_VERSION, version == 3 ? (long)CURL_HTTP_VERSION_3ONLY : (long)CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(web->curl, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(web->curl, CURLOPT_WRITEDATA, web);
  return web;
}

void web_ask(struct web *web, char *body, int room) {
  long made = -1, spoken = -1;
  web->body = body;
  web->room = room;
  web->length = 0;
  if (curl_easy_perform(web->curl)) fail(web, "no answer");
  body[web->length] = 0;
  curl_easy_getinfo(web->curl, CURLINFO_NUM_CONNECTS, &made);
  if (made != !web->has_asked) fail(web, web->has_asked ? "the connection was not kept" : "no connection was made");
  web->has_asked = 1;
  curl_easy_getinfo(web->curl, CURLINFO_HTTP_VERSION, &spoken);
  if (spoken != SPOKEN[web->version]) fail(web, "another version was spoken");
}

void web_close(struct web *web) {
  curl_easy_cleanup(web->curl);
  free(web);
}
