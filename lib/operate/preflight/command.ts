import { gatewaysOfOneStack, stacksOf } from '../../plan/assembly';
import type { SynthesizeOptions } from '../../plan/synthesize';
import { withApp } from '../../plan/with-app';
import { withClients } from '../clients';
import { readStack } from '../cloudformation';
import { admin } from './admin';
import { bootstrapped } from './bootstrap';
import type { Finding } from './finding';
import { machine } from './machine';
import { quotas } from './quotas';
import { type Preflight, readPreflight } from './stack';

export interface PreflightOptions extends SynthesizeOptions {
  /** A stack's name, or a gateway's path. Default: the app's only stack with gateways. */
  readonly stack?: string | undefined;
  readonly json?: boolean;
}

const LOOKS: readonly ((preflight: Preflight) => Promise<readonly Finding[]>)[] = [
  bootstrapped,
  quotas,
  machine,
  admin,
];

const MARKS = { well: 'ok', warning: 'LOOK', trouble: 'FAILS' } as const;

/**
 * `portway preflight`: what would make a deploy fail, as far as AWS tells before it. Changes nothing.
 *
 * @returns the exit code: 0 nothing would fail, 1 something would, 2 could not look
 */
export function preflightCommand(options: PreflightOptions): Promise<number> {
  return withApp(options, async (assembly) => {
    const all: Record<string, readonly Finding[]> = {};
    for (const gateway of gatewaysOfOneStack(stacksOf(assembly), options.stack)) {
      const { stackName, region } = gateway.stack;
      const findings = await withClients(region, async ({ formation, ec2, ssm }) => {
        const deployed = (await readStack(formation, stackName))?.template;
        const preflight = await readPreflight(gateway, { ec2, ssm, deployed });
        return Promise.all(LOOKS.map((look) => look(preflight)));
      });
      all[gateway.path] = findings.flat();
    }
    process.stdout.write(options.json ? `${JSON.stringify(all, null, 2)}\n` : told(all));
    const failing = Object.values(all)
      .flat()
      .some(({ level }) => level === 'trouble');
    return failing ? 1 : 0;
  });
}

function told(all: Readonly<Record<string, readonly Finding[]>>): string {
  return Object.entries(all)
    .map(([path, found]) =>
      [path, ...found.map(({ level, text }) => `  ${MARKS[level].padEnd(6)}${text}`), ''].join('\n'),
    )
    .join('');
}
