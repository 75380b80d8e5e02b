import type { Architecture } from '../../../lib/host/operating-system';
import type { VmSystem } from '../../src/image/image';

interface BootedSystem {
  readonly os: VmSystem;
  readonly architecture: Architecture;
  /** What the lines about versions must match: another release than intended would test nothing. */
  readonly boots: readonly RegExp[];
}

const VERSIONS: Record<VmSystem, readonly RegExp[]> = {
  'debian-13': [/^6\.12\./m, / 25\.1\./, /nginx\/1\.26\./, /v1\.8\.11 \(nf_tables\)/, /Python 3\.13/],
  'debian-12': [/^6\.1\./m, / 22\.4\./, /nginx\/1\.22\./, /v1\.8\.9 \(nf_tables\)/, /Python 3\.11/],
};

/**
 * The systems to boot: `PORTWAY_TEST_SYSTEMS`, separated by commas, each an operating system or `<operating
 * system>/<architecture>`. Default: Debian 12 on x86_64, since all other tests boot Debian 13.
 */
export function chosenSystems(chosen = process.env.PORTWAY_TEST_SYSTEMS ?? 'debian-12'): readonly BootedSystem[] {
  return chosen.split(',').map((name) => {
    const [os = '', architecture = 'x86_64'] = name.trim().split('/');
    if (!(os in VERSIONS) || !['x86_64', 'arm64'].includes(architecture)) {
      const known = Object.keys(VERSIONS).flatMap((id) => [id, `${id}/arm64`]);
      throw new Error(`PORTWAY_TEST_SYSTEMS must name systems that can be booted (${known.join(', ')}), got: ${name}`);
    }
    const id = os as VmSystem;
    return { os: id, architecture: architecture as Architecture, boots: VERSIONS[id] };
  });
}
