import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/basic-auth.conf
//
// UNPROTECTED: this kept somebody out, and the forwards below do not:
//   test/import/corpus/nginx/basic-auth.conf:4 auth_basic Prometheus: it has no counterpart: whoever may use the forward may use this
//
// Not translated:
//   test/import/corpus/nginx/basic-auth.conf:5 auth_basic_user_file /etc/nginx/.htpasswd: it has no counterpart
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/basic-auth.conf:1 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/basic-auth.conf:1 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/basic-auth.conf:6 proxy_pass http://localhost:9090/: targets see the path as the client wrote it: nginx decodes it here, such as %2F, and makes one slash of two
//   test/import/corpus/nginx/basic-auth.conf:7 location /-/healthy: other paths that begin with /-/healthy, such as /-/healthyx, are not covered
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/basic-auth.conf:1)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/basic-auth.conf:1)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/basic-auth.conf:1)
//   it is off: auth_basic (test/import/corpus/nginx/basic-auth.conf:7)
export const imported = {
  forwards: {
    web: Forward.http({
      listen: 80,
      to: 9090,
      routes: { '/-/healthy': { to: 9090 }, '/-/healthy/*': { to: 9090 } },
    }),
  },
} satisfies Partial<PortwayStackProps>;
