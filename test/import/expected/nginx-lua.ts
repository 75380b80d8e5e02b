import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/lua.conf
//
// UNPROTECTED: this kept somebody out, and the forwards below do not:
//   test/import/corpus/nginx/lua.conf:6 access_by_lua_block: it has no counterpart
//
// Not translated:
//   test/import/corpus/nginx/lua.conf:2 lua_package_path "/usr/local/lib/lua/?.lua;;": it has no counterpart
//   test/import/corpus/nginx/lua.conf:3 init_by_lua_block: it has no counterpart
//   test/import/corpus/nginx/lua.conf:12 proxy_pass http://$arg_host: the target depends on a variable
//   test/import/corpus/nginx/lua.conf:12 location /dynamic/: its target or answer has no counterpart
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/lua.conf:4 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/lua.conf:4 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/lua.conf:13 location ~* ^/(a|b)/c$: upper and lower case differ
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/lua.conf:4)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/lua.conf:4)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/lua.conf:4)
export const imported = {
  forwards: {
    web: Forward.http({
      listen: 80,
      to: '10.0.11.1:8080',
      routes: { '/a/c': { to: '10.0.11.2:8080' }, '/b/c': { to: '10.0.11.2:8080' } },
    }),
  },
} satisfies Partial<PortwayStackProps>;
