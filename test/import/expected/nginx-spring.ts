import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/spring.conf
//
// Needs no counterpart:
//   Portway sets the host's nginx up itself: user (test/import/corpus/nginx/spring.conf:2), worker_processes (test/import/corpus/nginx/spring.conf:3), pid (test/import/corpus/nginx/spring.conf:4), events (test/import/corpus/nginx/spring.conf:7), error_log (test/import/corpus/nginx/spring.conf:18)
//   comes with nginx's packages, or certbot: include (test/import/corpus/nginx/spring.conf:5), include (test/import/corpus/nginx/spring.conf:15)
//   Portway tunes nginx itself: sendfile (test/import/corpus/nginx/spring.conf:12), tcp_nopush (test/import/corpus/nginx/spring.conf:13), types_hash_max_size (test/import/corpus/nginx/spring.conf:14)
//   targets set the types of what they send: default_type (test/import/corpus/nginx/spring.conf:16)
//   Portway has a log of its own, in JSON: access_log (test/import/corpus/nginx/spring.conf:17)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/spring.conf:25)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/spring.conf:25)
//   forwards listen on IPv6 too where the gateway has it (ipv6: true): listen (test/import/corpus/nginx/spring.conf:27)
//   _ is no name that clients ask for: server_name (test/import/corpus/nginx/spring.conf:28)
//   as Portway does: proxy_http_version (test/import/corpus/nginx/spring.conf:33)
//   targets get the name as the client wrote it, also in capital letters: proxy_set_header (test/import/corpus/nginx/spring.conf:34)
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/spring.conf:35), proxy_set_header (test/import/corpus/nginx/spring.conf:37)
//   targets are told so anyway, without what clients claim who are no trusted proxies: proxy_set_header (test/import/corpus/nginx/spring.conf:36)
export const imported = {
  forwards: {
    web: Forward.http({ listen: 80, to: [8080, 8081], maxBodyMiB: 20, timeouts: { response: 120 } }),
  },
} satisfies Partial<PortwayStackProps>;
