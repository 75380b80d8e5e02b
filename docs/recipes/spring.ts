import { Forward, Tls } from '../../lib';

/**
 * A Spring Boot application on port 8080 of the gateway itself; `firstBootScript` installs and starts it.
 *
 * In application.properties:
 *
 * - `server.forward-headers-strategy=framework`: the application sees the client's address, https, the host name and a
 *   stripped prefix. Without it, Spring takes HTTPS for HTTP, and answers WebSockets and CORS requests with 403.
 * - `server.address=127.0.0.1`: nobody can reach 8080 except through the gateway.
 */
export const spring = {
  web: Forward.http({ listen: 80, redirectTo: 'https' }),
  secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
};
