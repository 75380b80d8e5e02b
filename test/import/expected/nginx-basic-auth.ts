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
//   test/import/corpus/nginx/basic-auth.conf:7 location /-/healthy: other paths that begin with /-/healthy, such as /-/healthyx, are not covered
//
// Needs no counterpart:
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
