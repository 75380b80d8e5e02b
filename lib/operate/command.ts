import type { SynthesizeOptions } from '../plan/synthesize';
import { withApp } from '../plan/with-app';
import { withClients } from './clients';
import { withFleetClients } from './fleet/clients';
import { verifyFleet } from './fleet/verified-fleet';
import { type Promised, readPromised } from './promised';
import { type Verified, verify } from './verified';

export interface VerifyOptions extends SynthesizeOptions {
  /** A stack's name, or a gateway's path. Default: the app's only stack with gateways. */
  readonly stack?: string | undefined;
  readonly json?: boolean;
  /** Whether to connect to the gateway, as a stranger does. Default: true. */
  readonly probe?: boolean;
}

/**
 * `portway verify`: a line for each gateway of the stack.
 *
 * @returns the exit code: 0 no differences, 1 differences, 2 could not compare
 */
export function verifyCommand(options: VerifyOptions): Promise<number> {
  return withApp(options, async (assembly) => {
    const all: Record<string, Verified> = {};
    for (const promised of await readPromised(assembly, options.stack)) {
      const verified = await verifyOne(promised, options.probe);
      all[promised.path] = verified;
      if (!options.json) process.stdout.write(`${promised.path}: ${told(verified)}`);
    }
    if (options.json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    return Object.values(all).every((one) => one.differences.length === 0) ? 0 : 1;
  });
}

/** Only a fleet needs the clients of its services. */
function verifyOne(promised: Promised, probe: boolean | undefined): Promise<Verified> {
  const { fleet, region } = promised;
  return fleet === undefined
    ? withClients(region, (clients) => verify(promised, clients, probe))
    : withFleetClients(region, (clients) => verifyFleet({ ...promised, fleet }, clients, probe));
}

function told({ address, instanceId, fleet, reported, differences: lines, notes }: Verified): string {
  const said = notes.map((note) => `note: ${note}\n`).join('');
  if (lines.length > 0) return `NOT AS THE APP SAYS\n${lines.map((line) => `- ${line}\n`).join('')}${said}`;
  const since = reported === undefined ? '' : ` at ${reported.replace(/\.\d+/, '')}`;
  const who = fleet === undefined ? 'its host' : 'hosts';
  const what =
    fleet === undefined
      ? `${instanceId} at ${address}`
      : `${Object.keys(fleet.hosts).length} hosts at ${fleet.addresses.join(', ')}`;
  const verb = fleet === undefined ? 'is' : 'are';
  return `${what} ${verb} as the app says${since && `; ${who} reported so${since}`}\n${said}`;
}
