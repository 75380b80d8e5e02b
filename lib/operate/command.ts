import type { SynthesizeOptions } from '../plan/synthesize';
import { withApp } from '../plan/with-app';
import { type Found, readFound } from './found';
import { seenFromHere } from './from-here/from-here';
import { parameterDifferences, readParameters } from './parameters';
import { type Promised, readPromised } from './promised';
import { differences } from './verify';

export interface VerifyOptions extends SynthesizeOptions {
  /** A stack's name, or a gateway's path. Default: the app's only stack with gateways. */
  readonly stack?: string | undefined;
  readonly json?: boolean;
  /** Whether to connect to the gateway, as a stranger does. Default: true. */
  readonly probe?: boolean;
}

/** What `portway verify --json` prints for each gateway, by its path. */
export interface Verified {
  /** The Elastic IP. Omitted: there is none. */
  readonly address?: string;
  /** Omitted: the address leads to no instance. */
  readonly instanceId?: string;
  /** A line for each difference. Empty: all is as the app says. */
  readonly differences: readonly string[];
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
      const verified = await verify(promised, options.probe ?? true);
      all[promised.path] = verified;
      if (!options.json) process.stdout.write(`${promised.path}: ${told(verified)}`);
    }
    if (options.json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    return Object.values(all).every((one) => one.differences.length === 0) ? 0 : 1;
  });
}

async function verify(promised: Promised, probe: boolean): Promise<Verified> {
  const [found, values] = await Promise.all([readFound(promised), readParameters(promised)]);
  const { address, gateway } = found;
  return {
    ...(address === undefined ? {} : { address }),
    ...(gateway === undefined ? {} : { instanceId: gateway.instanceId }),
    differences: [
      ...differences(promised, found),
      ...parameterDifferences(promised.parameters, values),
      ...(probe ? await fromHere(promised, found) : []),
    ],
  };
}

/** A gateway that is not there is told already. */
async function fromHere(promised: Promised, { address, gateway }: Found): Promise<readonly string[]> {
  if (address === undefined || gateway === undefined) return [];
  const { differences: lines, blind } = await seenFromHere(promised, { v4: address, v6: gateway.ipv6 });
  if (blind !== undefined) process.stderr.write(`portway: ${blind}\n`);
  return lines;
}

function told({ address, instanceId, differences: lines }: Verified): string {
  if (lines.length === 0) return `${instanceId} at ${address} is as the app says\n`;
  return `NOT AS THE APP SAYS\n${lines.map((line) => `- ${line}\n`).join('')}`;
}
