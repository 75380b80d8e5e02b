import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/grafana.conf
//
// Not translated:
//   test/import/corpus/nginx/grafana.conf:13 root /usr/share/nginx/html: files are not served: paths that lead to no target get 404
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/grafana.conf:11 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//
// Needs no counterpart:
//   upgrades to WebSocket pass anyway: map (test/import/corpus/nginx/grafana.conf:2)
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/grafana.conf:11)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/grafana.conf:11)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/grafana.conf:11)
//   no files are served: index (test/import/corpus/nginx/grafana.conf:14)
//   targets get the name as the client wrote it, also in capital letters: proxy_set_header (test/import/corpus/nginx/grafana.conf:17), proxy_set_header (test/import/corpus/nginx/grafana.conf:25)
//   as Portway does: proxy_http_version (test/import/corpus/nginx/grafana.conf:22)
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/grafana.conf:23), proxy_set_header (test/import/corpus/nginx/grafana.conf:24)
export const imported = {
  forwards: {
    web: Forward.http({
      listen: 80,
      routes: { '/grafana/*': { to: 3000 }, '/grafana/api/live/*': { to: 3000 } },
    }),
  },
} satisfies Partial<PortwayStackProps>;
