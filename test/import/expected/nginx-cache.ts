import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/cache.conf
//
// Not translated:
//   test/import/corpus/nginx/cache.conf:8 proxy_cache_valid 404 1m: validFor is for 200, 301 and 308: other answers are kept as their own headers say
//   test/import/corpus/nginx/cache.conf:11 proxy_ignore_headers Set-Cookie: it has no counterpart
//   test/import/corpus/nginx/cache.conf:13 proxy_set_header Host origin.example.com: targets get the host name that the client asked for
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/cache.conf:2 proxy_cache_path /data/nginx/small keys_zone=small:1m: a cache has a size: 1024 MB
//   test/import/corpus/nginx/cache.conf:3 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/cache.conf:3 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/cache.conf:9 proxy_cache_use_stale error timeout updating http_500 http_502: stale answers are used only as their own stale-if-error and stale-while-revalidate allow
//   test/import/corpus/nginx/cache.conf:12 add_header X-Cache-Status $upstream_cache_status: answers of a cache have the header X-Cache
//   test/import/corpus/nginx/cache.conf:15 proxy_cache_valid any 10s: validFor is for 200, 301 and 308 alone
//   test/import/corpus/nginx/cache.conf:15 proxy_cache_bypass $http_pragma: requests with cookies or Authorization, and 'no-cache', bypass the cache by themselves
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/cache.conf:3)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/cache.conf:3)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/cache.conf:3)
//   as Portway caches: proxy_cache_lock (test/import/corpus/nginx/cache.conf:10)
export const imported = {
  diskGiB: 25,
  forwards: {
    web: Forward.http({
      listen: 80,
      routes: {
        '/*': { to: 'origin.example.com:80', cache: { sizeMb: 20480, validFor: 3600, keepFor: 604800 } },
        '/private/*': { to: '10.0.9.9:8080' },
        '/tiles/*': { to: '10.0.9.10:8080', cache: { sizeMb: 1024, validFor: 10, keepFor: 600 } },
      },
    }),
  },
} satisfies Partial<PortwayStackProps>;
