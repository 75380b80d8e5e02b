import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/guarded.conf
//
// UNPROTECTED: this kept somebody out, and the forwards below do not:
//   test/import/corpus/nginx/guarded.conf:7 if ($blocked): it has no counterpart
//   test/import/corpus/nginx/guarded.conf:8 if ($http_user_agent ~* (curl|bot)): it has no counterpart
//   test/import/corpus/nginx/guarded.conf:9 auth_request /auth: it has no counterpart: whoever may use the forward may use this
//   test/import/corpus/nginx/guarded.conf:11 location /closed/: nobody may use it, so it is left out: its requests go where those around it go
//   test/import/corpus/nginx/guarded.conf:12 location /local/: nobody may use it, so it is left out: its requests go where those around it go
//   test/import/corpus/nginx/guarded.conf:13 if ($arg_token != abc ): it has no counterpart
//   test/import/corpus/nginx/guarded.conf:14 limit_except GET: it has no counterpart
//   test/import/corpus/nginx/guarded.conf:15 access_by_lua_block: it has no counterpart
//   test/import/corpus/nginx/guarded.conf:16 auth_basic x: it has no counterpart: whoever may use the forward may use this
//   test/import/corpus/nginx/guarded.conf:16 satisfy any: it has no counterpart: whoever may use the forward may use this
//   test/import/corpus/nginx/guarded.conf:16 allow 10.0.0.0/8: allowFrom and denyFrom are for a whole forward, not for single hosts and paths
//   test/import/corpus/nginx/guarded.conf:16 deny all: allowFrom and denyFrom are for a whole forward, not for single hosts and paths
//
// Not translated:
//   test/import/corpus/nginx/guarded.conf:3 geo $blocked: it has no counterpart
//   test/import/corpus/nginx/guarded.conf:16 auth_basic_user_file u: it has no counterpart
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/guarded.conf:4 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/guarded.conf:4 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/guarded.conf:4)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/guarded.conf:4)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/guarded.conf:4)
//   no client reaches it: it is internal: location (test/import/corpus/nginx/guarded.conf:10)
//   nobody may use it, so it is left out: location (test/import/corpus/nginx/guarded.conf:21)
export const imported = {
  forwards: {
    web: Forward.http({
      listen: 80,
      to: '10.0.14.1:80',
      routes: {
        '/token/*': { to: '10.0.14.5:80' },
        '/write/*': { to: '10.0.14.6:80' },
        '/lua/*': { to: '10.0.14.7:80' },
        '/either/*': { to: '10.0.14.8:80' },
      },
    }),
    web81: Forward.http({ listen: 81, routes: { '/open/*': { to: '10.0.14.9:80' } } }),
  },
} satisfies Partial<PortwayStackProps>;
