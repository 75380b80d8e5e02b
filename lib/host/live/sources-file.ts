import type { Cidr } from '../../forward/cidr';
import type { GatewaySettings } from '../../forward/gateway-settings';
import { splitSources } from '../../forward/lists';
import { isNginxForward, type ResolvedForward } from '../../forward/resolved';
import type { HostFile } from '../host-file';

/** A line must fit into a parameter. */
const PER_LINE = 50;

/**
 * Who may use which forward, so that the host can end the connections of clients that a change excludes. A line for each
 * list, or several for a long one: the forward, `allow` or `deny`, and its networks. `*` is all forwards. `proxied` says that clients come through
 * trusted proxies, so that the other end of a connection is not the client. `@office list` before all others is a list
 * of the stack's, which stands as `@office` where it is named. No file if every client may use everything.
 */
export function sourcesFiles(forwards: readonly ResolvedForward[], { blocked }: GatewaySettings): readonly HostFile[] {
  const named = splitSources([...blocked, ...forwards.flatMap((f) => [...f.allowFrom, ...f.denyFrom])]).lists;
  const lines = [
    ...[...named].flatMap(([name, networks]) => rows(`@${name}`, 'list', networks.map(textOf))),
    ...line('*', 'deny', blocked),
    ...forwards.flatMap((f) => [
      ...line(f.name, 'allow', f.allowFrom),
      ...line(f.name, 'deny', f.denyFrom),
      ...(isNginxForward(f) && f.trustedProxies !== undefined ? [`${f.name} proxied`] : []),
    ]),
  ];
  if (lines.length === 0) return [];
  return [{ path: '/etc/portway/sources', mode: '0644', text: `${lines.join('\n')}\n`, origin: 'rules' }];
}

function line(name: string, what: 'allow' | 'deny', networks: readonly Cidr[]): readonly string[] {
  const { alone, lists } = splitSources(networks);
  return rows(name, what, [...[...lists.keys()].map((list) => `@${list}`), ...alone.map(textOf)]);
}

function textOf({ text }: Cidr): string {
  return text;
}

function rows(name: string, what: string, texts: readonly string[]): readonly string[] {
  const lines = Array.from({ length: Math.ceil(texts.length / PER_LINE) }, (_, i) =>
    texts.slice(i * PER_LINE, (i + 1) * PER_LINE),
  );
  return lines.map((some) => [name, what, ...some].join(' '));
}
