import type { Host } from './host';

/** A finding as testssl.sh writes it in its JSON. */
export interface TlsFinding {
  readonly id: string;
  readonly severity: 'OK' | 'INFO' | 'WARN' | 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL' | 'FATAL';
  readonly finding: string;
}

/** Findings that are right as they are, and why. */
export const ACKNOWLEDGED: Readonly<Record<string, string>> = {
  engine_problem:
    "it is about the scanner's own openssl: it knows no Russian ciphers by GOST, which nobody here offers",
};

/**
 * What the scanner cannot tell now and then, and why. It resumes a session of TLS 1.3 only where the ticket came before it hung up; the
 * tests of TLS do it with more patience.
 */
const UNSURE: readonly string[] = ['sessionresumption_ticket'];

/** What somebody has to look at: findings of any weight, and acknowledgements of what is not found any more. */
export function judge(findings: readonly TlsFinding[], acknowledged = ACKNOWLEDGED): readonly string[] {
  const unsure = ({ id, severity }: TlsFinding) => severity === 'WARN' && UNSURE.includes(id);
  const weighty = findings.filter((f) => f.severity !== 'OK' && f.severity !== 'INFO' && !unsure(f));
  return [
    ...weighty
      .filter(({ id }) => acknowledged[id] === undefined)
      .map(({ id, severity, finding }) => `[${id}] ${severity}: ${finding}`),
    ...Object.keys(acknowledged)
      .filter((id) => !weighty.some((f) => f.id === id))
      .map((id) => `nothing is found any more that [${id}] acknowledges`),
  ];
}

/** The grade of a whole scan. @see https://github.com/ssllabs/research/wiki/SSL-Server-Rating-Guide */
export function gradeOf(findings: readonly TlsFinding[]): string | undefined {
  return findings.find(({ id }) => id === 'overall_grade')?.finding;
}

/** All that its grade is made of, and without what takes minutes more: what old browsers would choose. */
export const FOR_GRADE = ['-p', '-s', '-f', '-S', '-h', '-U'];

/** Scans a port of the gateway with testssl.sh. `name` must lead to it; `ca` is a PEM file of the CA that it trusts besides. */
export async function scan(
  host: Host,
  name: string,
  port: number,
  { checks, ca }: { readonly checks: readonly string[]; readonly ca?: string },
): Promise<readonly TlsFinding[]> {
  const report = `/tmp/testssl-${port}.json`;
  // The host's own `sleep` is a short one. One try at a renegotiation says it all: the others are for servers that count them.
  const environment = 'export PATH=/usr/bin:/bin:/usr/sbin:/sbin SSL_RENEG_ATTEMPTS=1; cd /tmp';
  const trust = ca === undefined ? '' : `--add-ca ${ca}`;
  const options = `--quiet --color 0 --warnings batch --nodns none ${trust} --jsonfile ${report}`;
  // Its exit code counts findings.
  await host.run('gateway', ['bash', '-c', `${environment}; testssl ${options} ${checks.join(' ')} ${name}:${port}`]);
  return JSON.parse(await host.read(report));
}
