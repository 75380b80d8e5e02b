import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import spawn from 'nano-spawn';
import { THEMES, terminalPicture } from './terminal';

const ROOT = join(__dirname, '..', '..');

/** The longest line of a picture. Longer ones are folded at a space. */
const COLUMNS = 118;

/**
 * README's pictures by file name: what the commands print for README's example, in an app of its own. The part of the live
 * change that needs a machine to boot is recorded in `live-case.txt`.
 */
export async function pictures(): Promise<Readonly<Record<string, string>>> {
  const folder = exampleApp();
  try {
    const plan = await portway(folder, 'plan');
    await synthesize(folder);
    // A new version of the application listens beside the old one.
    const changed = readFileSync(join(folder, 'app.ts'), 'utf8').replace('to: 8080', 'to: 9090');
    writeFileSync(join(folder, 'app.ts'), changed);
    const against = await portway(folder, 'plan', '--against', 'cdk.out');
    const recorded = readFileSync(join(ROOT, 'docs', 'pictures', 'live-case.txt'), 'utf8')
      .trimEnd()
      .split('\n');
    const screens = {
      plan: ['$ npx portway plan', ...shortened(plan)],
      live: ['$ npx portway plan --against cdk.out', ...against, '', ...recorded],
    };
    return Object.fromEntries(
      Object.entries(screens).flatMap(([name, lines]) =>
        THEMES.map((theme) => [`${name}-${theme}.svg`, terminalPicture(lines.flatMap(folded), theme)]),
      ),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder with the example as its only app, as somebody has it who installed the package. */
function exampleApp(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portway-picture-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const app = readFileSync(join(ROOT, 'examples', 'first', 'app.ts'), 'utf8');
  writeFileSync(join(folder, 'app.ts'), app);
  writeFileSync(join(folder, 'cdk.json'), JSON.stringify({ app: APP }));
  const paths = { portway: [join(ROOT, 'lib', 'index.ts')] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { paths } }));
  return folder;
}

const APP = 'node --import tsx app.ts';

async function portway(cwd: string, ...args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await spawn(process.execPath, [join(ROOT, 'bin', 'portway.js'), ...args], {
    cwd,
    env: { NO_COLOR: '1' },
  });
  return stdout.trimEnd().split('\n');
}

/** What `cdk synth` leaves: the app as it is before the change. */
async function synthesize(cwd: string): Promise<void> {
  const outdir = join(cwd, 'cdk.out');
  mkdirSync(outdir);
  await spawn(APP, { cwd, shell: true, env: { CDK_OUTDIR: outdir, CDK_VALIDATION: 'false' } });
}

/** The tables, and the first rules of the kernel: the whole plan has hundreds of lines. */
function shortened(lines: readonly string[]): readonly string[] {
  const outgoing = lines.findIndex((line) => line.startsWith('out '));
  const rules = lines.findIndex((line) => line.startsWith('/etc/portway/iptables.rules'));
  const forward = lines.findIndex((line) => line.startsWith('# game: '));
  return [
    ...lines.slice(0, outgoing + 1),
    '...',
    '',
    ...lines.slice(rules, rules + 4),
    '...',
    ...lines.slice(forward, forward + 2),
    '...',
  ];
}

function folded(line: string): readonly string[] {
  if (line.length <= COLUMNS) return [line.trimEnd()];
  const at = line.lastIndexOf(' ', COLUMNS);
  return [line.slice(0, at), ...folded(line.slice(at + 1))];
}
