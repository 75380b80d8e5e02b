import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/jenkins.conf
//
// Not translated:
//   test/import/corpus/nginx/jenkins.conf:19 ignore_invalid_headers off: it has no counterpart
//   test/import/corpus/nginx/jenkins.conf:21 location ~ "^/static/[0-9a-fA-F]{8}\\/(.*)$": its target or answer has no counterpart
//   test/import/corpus/nginx/jenkins.conf:26 location /userContent: files are not served: its requests go where those around it go
//
// Needs no counterpart:
//   Portway tunes nginx itself: keepalive (test/import/corpus/nginx/jenkins.conf:2), sendfile (test/import/corpus/nginx/jenkins.conf:36), proxy_max_temp_file_size (test/import/corpus/nginx/jenkins.conf:46), client_body_buffer_size (test/import/corpus/nginx/jenkins.conf:48)
//   upgrades to WebSocket pass anyway: map (test/import/corpus/nginx/jenkins.conf:7)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/jenkins.conf:12)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/jenkins.conf:12)
//   no files are served: root (test/import/corpus/nginx/jenkins.conf:15)
//   Portway has a log of its own, in JSON: access_log (test/import/corpus/nginx/jenkins.conf:16)
//   Portway sets the host's nginx up itself: error_log (test/import/corpus/nginx/jenkins.conf:17)
//   the gateway puts its own address into targets' redirects: proxy_redirect (test/import/corpus/nginx/jenkins.conf:38)
//   as Portway does: proxy_http_version (test/import/corpus/nginx/jenkins.conf:39)
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/jenkins.conf:40), proxy_set_header (test/import/corpus/nginx/jenkins.conf:41), proxy_set_header (test/import/corpus/nginx/jenkins.conf:42), proxy_set_header (test/import/corpus/nginx/jenkins.conf:43), proxy_set_header (test/import/corpus/nginx/jenkins.conf:45)
//   targets are told so anyway, without what clients claim who are no trusted proxies: proxy_set_header (test/import/corpus/nginx/jenkins.conf:44)
//   a target has 5 s to accept a connection, one of several 2 s (failover.connectTimeout): proxy_connect_timeout (test/import/corpus/nginx/jenkins.conf:49)
//   a target has 60 s to take each piece of a request: proxy_send_timeout (test/import/corpus/nginx/jenkins.conf:50)
export const imported = {
  forwards: {
    web: Forward.http({
      listen: 80,
      to: 8080,
      maxBodyMiB: 10,
      timeouts: { response: 90 },
      streaming: 'requests',
    }),
  },
} satisfies Partial<PortwayStackProps>;
