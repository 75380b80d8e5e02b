import { Forward, Tls } from '../../lib';

/**
 * A Spring Boot application on port 8080 of the gateway itself; `firstBootScript` installs and starts it.
 *
 * Set `server.forward-headers-strategy=framework` in application.properties, so that it sees the client's address, https and the
 * host name in what the gateway tells it, and `server.address=127.0.0.1`, so that nobody reaches 8080 past the gateway.
 */
export const spring = {
  web: Forward.http({ listen: 80, redirectTo: 'https' }),
  secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
};
