import type { Line } from './block';

/**
 * NTLM proves who a client is once for each connection, and so may Negotiate; whatever follows on that connection is then the user's. nginx
 * shares its connections to targets between clients, so a connection that carried such a login must end with its request: the target is
 * asked to close it (RFC 9112, 9.6).
 * @see https://www.rfc-editor.org/rfc/rfc4559#section-6
 */
const SCHEMES = 'NTLM|Nego|Kerberos|CredSSP';

/** Once for all HTTP forwards: `$portway_connection`, the value of `Connection` towards targets, where `upgrade` is the variable with the protocol to change to. */
export function connectionMaps(upgrade: string): readonly Line[] {
  return [
    `map ${upgrade} $portway_ws { default ''; websocket upgrade; }`,
    // Not "upgrade, close" for a WebSocket: some targets understand only one of the two.
    `map $http_authorization $portway_connection { default $portway_ws; ~*^(${SCHEMES}) close; }`,
  ];
}
