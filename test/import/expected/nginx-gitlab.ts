import { Forward, type PortwayStackProps, Tls } from 'portway';

// Made by portway import test/import/corpus/nginx/gitlab.conf
//
// Not translated:
//   test/import/corpus/nginx/gitlab.conf:2 server unix:/var/opt/gitlab/gitlab-workhorse/sockets/socket fail_timeout=0: a target is a port or host:port: let the application listen on a port
//   test/import/corpus/nginx/gitlab.conf:33 real_ip_header X-Real-IP: trustedProxies names the networks whose word counts (set_real_ip_from)
//   test/import/corpus/nginx/gitlab.conf:45 proxy_set_header X-Forwarded-Ssl on: targets get no further headers from the gateway
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/gitlab.conf:16 return 301 https://$http_host$request_uri: 308 in place of 301, which keeps the method too
//   test/import/corpus/nginx/gitlab.conf:26 ssl_certificate /etc/gitlab/ssl/gitlab.example.com.crt: self-signed until its certificate and key are in a secret: Tls.secret(secret), docs/tls.md
//   test/import/corpus/nginx/gitlab.conf:37 client_max_body_size 0: maxBodyMiB is at most 10240
//
// Needs no counterpart:
//   upgrades to WebSocket pass anyway: map (test/import/corpus/nginx/gitlab.conf:6)
//   forwards listen on IPv6 too where the gateway has it (ipv6: true): listen (test/import/corpus/nginx/gitlab.conf:13), listen (test/import/corpus/nginx/gitlab.conf:23)
//   as Portway does: server_tokens (test/import/corpus/nginx/gitlab.conf:15), server_tokens (test/import/corpus/nginx/gitlab.conf:25), proxy_http_version (test/import/corpus/nginx/gitlab.conf:42)
//   Portway has a log of its own, in JSON: access_log (test/import/corpus/nginx/gitlab.conf:17)
//   Portway sets the host's nginx up itself: error_log (test/import/corpus/nginx/gitlab.conf:18)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/gitlab.conf:21)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/gitlab.conf:21)
//   Portway sets TLS up itself (docs/tls.md): ssl_certificate_key (test/import/corpus/nginx/gitlab.conf:27), ssl_ciphers (test/import/corpus/nginx/gitlab.conf:28), ssl_prefer_server_ciphers (test/import/corpus/nginx/gitlab.conf:30), ssl_session_cache (test/import/corpus/nginx/gitlab.conf:31), ssl_session_timeout (test/import/corpus/nginx/gitlab.conf:32)
//   the client is the last address that is no trusted proxy: real_ip_recursive (test/import/corpus/nginx/gitlab.conf:34)
//   it is off: gzip (test/import/corpus/nginx/gitlab.conf:38), proxy_redirect (test/import/corpus/nginx/gitlab.conf:41)
//   a target has 5 s to accept a connection, one of several 2 s (failover.connectTimeout): proxy_connect_timeout (test/import/corpus/nginx/gitlab.conf:40)
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/gitlab.conf:43), proxy_set_header (test/import/corpus/nginx/gitlab.conf:44), proxy_set_header (test/import/corpus/nginx/gitlab.conf:47), proxy_set_header (test/import/corpus/nginx/gitlab.conf:48), proxy_set_header (test/import/corpus/nginx/gitlab.conf:49)
//   targets are told so anyway, without what clients claim who are no trusted proxies: proxy_set_header (test/import/corpus/nginx/gitlab.conf:46)
export const imported = {
  diskGiB: 14,
  forwards: {
    secure: Forward.https({
      listen: 443,
      tls: Tls.selfSigned(),
      to: '10.0.0.15:8181',
      maxBodyMiB: 10240,
      timeouts: { response: 3600 },
    }),
    web: Forward.http({ listen: 80, redirectTo: 'https' }),
  },
} satisfies Partial<PortwayStackProps>;
