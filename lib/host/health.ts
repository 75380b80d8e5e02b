import { isHealthChecked, type KernelPortForward, type ResolvedForward } from '../forward/resolved';
import { formatTarget } from '../forward/target';
import { placesOf, type SharedChain, sharedChains } from '../kernel/balance';
import { assetFiles, PACKAGE, UNITS } from './assets';
import type { HostFile } from './host-file';

/** Files for health checks; none if no forward has one. */
export function healthFiles(forwards: readonly ResolvedForward[]): readonly HostFile[] {
  const text = renderHealth(forwards);
  if (text === undefined) return [];
  return [
    { path: '/etc/portway/health.json', mode: '0644', text, origin: 'rules' },
    ...assetFiles(
      `${PACKAGE}/health.py`,
      `${PACKAGE}/health_chain.py`,
      ...(usesDatabaseProbes(forwards) ? [`${PACKAGE}/database_probes.py`] : []),
      `${UNITS}/portway-health.service`,
    ),
  ];
}

function usesDatabaseProbes(forwards: readonly ResolvedForward[]): boolean {
  return forwards.filter(isHealthChecked).some((f) => ['mysql', 'postgres'].includes(f.healthCheck.by));
}

/**
 * Configuration of the host's health service: JSON, one line for each forward with a health check. The parts of its rules come
 * from the iptables renderer, so that a chain with all targets equals the rendered one.
 *
 * @returns undefined when no forward has a health check.
 */
export function renderHealth(forwards: readonly ResolvedForward[]): string | undefined {
  const chains = sharedChains(forwards);
  const lines = forwards.filter(isHealthChecked).map((forward) =>
    JSON.stringify(
      describe(
        forward,
        chains.filter((c) => c.forward.name === forward.name),
      ),
    ),
  );
  return lines.length === 0 ? undefined : `[\n${lines.join(',\n')}\n]\n`;
}

function describe(
  { name, transport, listen, targets, healthCheck, families }: KernelPortForward,
  chains: SharedChain[],
) {
  return {
    forward: name,
    transport,
    listen: [listen.from, listen.to],
    ...healthCheck,
    targets: targets.map((t) => ({
      // Its name in the log, the state file and rule comments.
      target: formatTarget(t),
      host: t.host ?? (families.includes(4) ? '127.0.0.1' : '::1'),
      local: t.kind === 'local',
      port: healthCheck?.port ?? t.ports.from,
      ports: [t.ports.from, t.ports.to],
    })),
    chains: Object.fromEntries(chains.map((chain) => [chain.family, describeChain(chain)])),
  };
}

function describeChain(chain: SharedChain) {
  return {
    entries: chain.targets.map(({ target, jump, share }) => ({
      target: chain.forward.targets.indexOf(target),
      share,
      jump,
    })),
    ...(chain.forward.balance === 'source' ? placesOf(chain) : {}),
  };
}
