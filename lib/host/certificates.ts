import { type HttpsForward, isHttpsForward, type ResolvedForward } from '../forward/resolved';
import { type Certificate, isCheckedOverHttp } from '../forward/tls';
import { assetFiles, PACKAGE, PROGRAMS, UNITS } from './assets';
import type { HostFile } from './host-file';
import type { OperatingSystem } from './operating-system';
import { sandboxFile } from './sandbox';

/** Files and packages for the certificates of a host's forwards. */
export function certificatesPart(
  all: readonly ResolvedForward[],
  { packages }: OperatingSystem,
): {
  readonly files: readonly HostFile[];
  readonly packages: readonly string[];
} {
  const forwards = all.filter(isHttpsForward);
  const sources = new Set(forwards.map((f) => f.tls.source));
  return {
    files: renderedFiles(forwards),
    packages: [
      ...(forwards.length > 0 ? packages.tls : []),
      ...(sources.has('acme') ? packages.acme : []),
      ...(forwards.some(({ tls }) => tls.source === 'acme' && !isCheckedOverHttp(tls)) ? packages.acmeDns : []),
      ...(sources.has('secret') ? packages.authorities : []),
    ],
  };
}

/** For certificates that the host fetches: their list, and the programs that fetch them. */
function renderedFiles(forwards: readonly HttpsForward[]): readonly HostFile[] {
  const entries = forwards.flatMap(entryOf);
  if (entries.length === 0) return [];
  const text = `[\n${entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`;
  return [
    { path: '/etc/portway/certificates.json', mode: '0644', text, origin: 'rules' },
    ...assetFiles(
      `${PROGRAMS}/host.d/certificates.sh`,
      `${PACKAGE}/certificates.py`,
      ...[...new Set(entries.map((e) => e.source))].map((source) => `${PACKAGE}/${source}.py`),
      ...(entries.some((e) => e.source === 'secret') ? [`${PACKAGE}/aws.py`] : []),
      `${UNITS}/portway-certificates.service`,
      `${UNITS}/portway-certificates.timer`,
    ),
    sandboxFile('portway-certificates'),
  ];
}

/** One certificate for the host's program to fetch. */
type Entry = { readonly forward: string; readonly source: Certificate['source'] } & Readonly<Record<string, unknown>>;

function entryOf({ name: forward, tls }: HttpsForward): readonly Entry[] {
  if (tls.source === 'acme') {
    const { source, server, email, domains } = tls;
    return [{ forward, source, server, email, domains, ...(isCheckedOverHttp(tls) ? {} : { dns: true }) }];
  }
  return tls.source === 'secret' ? [{ forward, source: tls.source, secret: tls.secret.secretArn }] : [];
}
