import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/multi/nginx.conf
//
// UNPROTECTED: this kept somebody out, and the forwards below do not:
//   test/import/corpus/nginx/multi/conf.d/app.conf:6 allow 10.0.0.0/8: allowFrom and denyFrom are for a whole forward, not for single hosts and paths
//   test/import/corpus/nginx/multi/conf.d/app.conf:6 deny all: allowFrom and denyFrom are for a whole forward, not for single hosts and paths
//
// Not translated:
//   test/import/corpus/nginx/multi/conf.d/legacy.conf:3 server_name legacy.example.com ~^www\d+\.example\.com$ 203.0.113.9: ~^www\d+\.example\.com$: a host is a name such as www.example.com or *.example.com
//   test/import/corpus/nginx/multi/conf.d/legacy.conf:4 include snippets/missing.conf: the file cannot be found
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/multi/conf.d/app.conf:1 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/multi/conf.d/app.conf:6 location /admin: other paths that begin with /admin, such as /adminx, are not covered
//
// Needs no counterpart:
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/multi/conf.d/app.conf:1)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/multi/conf.d/app.conf:1)
//   203.0.113.9 is no name that clients ask for: server_name (test/import/corpus/nginx/multi/conf.d/legacy.conf:3)
//   Portway sets the host's nginx up itself: user (test/import/corpus/nginx/multi/nginx.conf:1), worker_processes (test/import/corpus/nginx/multi/nginx.conf:2), events (test/import/corpus/nginx/multi/nginx.conf:3)
//   comes with nginx's packages, or certbot: include (test/import/corpus/nginx/multi/nginx.conf:5)
//   no file matches: include (test/import/corpus/nginx/multi/nginx.conf:7)
//   targets get the name as the client wrote it, also in capital letters: proxy_set_header (test/import/corpus/nginx/multi/snippets/proxy.conf:1)
//   targets are told so anyway, without what clients claim who are no trusted proxies: proxy_set_header (test/import/corpus/nginx/multi/snippets/proxy.conf:2)
export const imported = {
  forwards: {
    web: Forward.http({
      listen: 80,
      to: ['10.0.12.1:8000', { to: '10.0.12.2:8000', weight: 2 }],
      routes: {
        '/admin': { to: ['10.0.12.1:8000', { to: '10.0.12.2:8000', weight: 2 }] },
        '/admin/*': { to: ['10.0.12.1:8000', { to: '10.0.12.2:8000', weight: 2 }] },
      },
      timeouts: { response: 30 },
      hosts: { 'legacy.example.com': { to: ['10.0.12.1:8000', { to: '10.0.12.2:8000', weight: 2 }] } },
    }),
  },
} satisfies Partial<PortwayStackProps>;
