import { isPortForward, type ResolvedForward, transportsOf } from './resolved';

/** Protocols that announce addresses and ports of further connections inside the first one, by transport and port. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  'tcp 21': 'FTP',
  'udp 69': 'TFTP',
  'udp 5060': 'SIP',
  'tcp 5060': 'SIP',
};

/**
 * Warns of what a forward of such a protocol does not do: neither engine reads the protocol, so the further connections
 * are not forwarded.
 * @returns the warning, or undefined
 */
export function secondConnections(forward: ResolvedForward): string | undefined {
  if (!isPortForward(forward)) return undefined;
  const { name, listen } = forward;
  const [found] = transportsOf(forward).flatMap((transport) =>
    Object.entries(PROTOCOLS).filter(([key]) => {
      const [own, port] = key.split(' ');
      return own === transport && listen.from <= Number(port) && Number(port) <= listen.to;
    }),
  );
  if (found === undefined) return undefined;
  const [key, protocol] = found;
  return `forwards.${name} leads ${key}, the port of ${protocol}, whose further connections have ports of their own: docs/limits.md, "Protocols with further connections", says what they take.`;
}
