import { Forward, Tls } from '../../lib';

/**
 * Services behind one name, by path: the longest matching path wins, and everything else goes to the front end. `users`
 * never sees `/api/users`: for `/api/users/42` it gets `/42`. `orders` keeps its path.
 */
export const byPath = {
  web: Forward.http({ listen: 80, redirectTo: 'https' }),
  secure: Forward.https({
    listen: 443,
    tls: Tls.selfSigned(),
    to: '10.0.1.60:8080',
    routes: {
      '/api/users/*': { to: '10.0.1.61:8080', stripPrefix: true },
      '/api/orders/*': { to: ['10.0.1.62:8080', '10.0.1.63:8080'] },
    },
  }),
};

/** Services with one name each. Requests for other names get no answer. */
export const byHost = {
  web: Forward.http({ listen: 80, redirectTo: 'https' }),
  secure: Forward.https({
    listen: 443,
    tls: Tls.selfSigned(),
    hosts: {
      'shop.example.com': { to: '10.0.1.60:8080' },
      'api.example.com': { to: ['10.0.1.61:8080', '10.0.1.62:8080'] },
    },
  }),
};

/**
 * One service that ends TLS itself, with a certificate that never leaves it, beside others whose TLS ends on the
 * gateway: one address, one port.
 */
export const byName = {
  web: Forward.http({ listen: 80, redirectTo: 'https' }),
  pass: Forward.tls({ listen: 443, hosts: { 'bank.example.com': { to: '10.0.1.67:8443' } } }),
  secure: Forward.https({ listen: 443, tls: Tls.selfSigned(), to: '10.0.1.60:8080' }),
};

/** Services that are not HTTP, or end TLS themselves: one port each. */
export const byPort = {
  mqtt: Forward.tcp({ listen: 8883, to: '10.0.1.64:8883', engine: 'iptables' }),
  database: Forward.tcp({
    listen: 5432,
    to: ['10.0.1.65:5432', '10.0.1.66:5432'],
    engine: 'iptables',
    allowFrom: ['198.51.100.0/24'],
    // PostgreSQL logs each check, but is not affected otherwise.
    healthCheck: { by: 'tcp' },
  }),
};
