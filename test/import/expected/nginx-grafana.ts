import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/grafana.conf
//
// Not translated:
//   test/import/corpus/nginx/grafana.conf:13 root /usr/share/nginx/html: files are not served: paths that lead to no target get 404
//
// Needs no counterpart:
//   upgrades to WebSocket pass anyway: map (test/import/corpus/nginx/grafana.conf:2)
//   no files are served: index (test/import/corpus/nginx/grafana.conf:14)
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/grafana.conf:17), proxy_set_header (test/import/corpus/nginx/grafana.conf:23), proxy_set_header (test/import/corpus/nginx/grafana.conf:24), proxy_set_header (test/import/corpus/nginx/grafana.conf:25)
//   as Portway does: proxy_http_version (test/import/corpus/nginx/grafana.conf:22)
export const imported = {
  forwards: {
    web: Forward.http({
      listen: 80,
      routes: { '/grafana/*': { to: 3000 }, '/grafana/api/live/*': { to: 3000 } },
    }),
  },
} satisfies Partial<PortwayStackProps>;
