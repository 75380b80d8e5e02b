import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import spawn, { type SubprocessError } from 'nano-spawn';
import type { Contender, Figure, Round, Scenario, Values } from '../model';
import { ROOT } from '../paths';

/** An app of the CDK: what is synthesized. */
interface AppContender extends Contender {
  /** Its file in apps/. */
  readonly app: string;
}

/** Both cores' work counts: V8 compiles and collects garbage beside the program. */
const CPU: Figure = { name: 'cpu', title: 'CPU, s', unit: 's', better: 'lower' };
const OVER: Figure = { name: 'over', title: 'over the empty app, s', unit: 's', better: 'lower', aside: true };
const TIME: Figure = { name: 'time', title: 'time, s', unit: 's', better: 'lower', aside: true };

const EMPTY: AppContender = { name: 'empty', title: 'an empty app', app: 'empty' };
const BY_HAND: AppContender = { name: 'by-hand', title: 'the same resources by the CDK alone', app: 'by-hand' };
const PORTWAY: AppContender = { name: 'portway', title: 'Portway, HTTP and HTTPS', ours: true, app: 'portway' };
const MANY: AppContender = { name: 'portway-10000', title: 'Portway, 10,000 forwards', ours: true, app: 'many' };

/**
 * What `cdk synth` runs, without the CDK CLI and its start: the app, with the project's feature flags and the CDK's own checks of
 * templates.
 *
 * @param portway the package's file, as it is built for npm
 */
export function synthScenario(portway: string): Scenario {
  return {
    name: 'synth',
    title: 'Synth',
    about: 'CPU of an app with Portway, of an empty one, and of the same resources by the CDK alone',
    contenders: [EMPTY, BY_HAND, PORTWAY, MANY],
    loads: [
      {
        name: 'app',
        title: 'one run of the app',
        figures: [CPU, OVER, TIME],
        bounds: [
          {
            figure: 'cpu',
            contender: PORTWAY.name,
            against: EMPTY.name,
            atMost: 1.15,
            title: "an app's CPU with Portway, of an empty one's",
          },
          {
            figure: 'over',
            contender: MANY.name,
            atMost: 3,
            title: "10,000 forwards, CPU over an empty app's, in s",
          },
        ],
      },
    ],
    async setUp(contender) {
      return { loads: { app: (round) => once(contender as AppContender, round, portway) } };
    },
  };
}

/** @throws Error with what the app said if it fails, or writes no template */
async function once({ name, app }: AppContender, round: Round, portway: string): Promise<Values> {
  const { context } = JSON.parse(await readFile(join(ROOT, 'cdk.json'), 'utf8'));
  const folder = await mkdtemp(join(tmpdir(), 'portway-synth-'));
  try {
    const script = 'TIMEFORMAT="%U %S %R"; time "$@" >"$OUTPUT" 2>&1';
    const { stderr } = await spawn(
      'bash',
      ['-c', script, 'bash', process.execPath, join(__dirname, 'apps', `${app}.cjs`)],
      {
        env: {
          CDK_OUTDIR: join(folder, 'out'),
          CDK_CONTEXT_JSON: JSON.stringify(context),
          OUTPUT: join(folder, 'output'),
          PORTWAY: portway,
          LC_ALL: 'C.UTF-8',
        },
      },
    ).catch(async (error: SubprocessError) => {
      const said = await readFile(join(folder, 'output'), 'utf8').catch(() => error.stderr);
      throw new Error(`the app failed:\n${said.slice(-2000)}`);
    });
    const { artifacts } = JSON.parse(await readFile(join(folder, 'out/manifest.json'), 'utf8'));
    const types = Object.values<{ type: string }>(artifacts).map(({ type }) => type);
    if (!types.includes('aws:cloudformation:stack')) throw new Error(`the app wrote no stack, but ${types.join(', ')}`);
    const [user = Number.NaN, system = Number.NaN, time = Number.NaN] = stderr.trim().split(' ').map(Number);
    const cpu = user + system;
    if (!(cpu > 0)) throw new Error(`the app's CPU time must be a number, got: ${stderr}`);
    return { cpu, over: name === EMPTY.name ? 0 : cpu - round.earlier(EMPTY.name, 'cpu'), time };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
