import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { failed, type Outcome, PASSED, type Part, type PartContext } from '../part';
import { nodeBin } from './node-bin';

const ENGINES = ['nginx', 'iptables'];
/** The values of a user who can log in. Nobody has the private key. */
const CONTEXT = [
  'adminCidr=203.0.113.7/32',
  'sshPublicKey=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGm2bE0Y5bA8yPjS6dVnq1bZ4vYw3xT0mXnqv3Ew9abc admin@example.com',
];

interface ValidationReport {
  readonly pluginReports?: readonly {
    readonly violations?: readonly {
      readonly ruleName: string;
      readonly description: string;
      readonly violatingConstructs?: readonly { readonly constructPath?: string }[];
    }[];
  }[];
}

/** One line for each finding that nobody has acknowledged. The CLI itself exits with 0 if findings are warnings. */
export function findings(report: ValidationReport): string[] {
  const all = (report.pluginReports ?? []).flatMap((plugin) => plugin.violations ?? []);
  return all.map(({ ruleName, description, violatingConstructs = [] }) => {
    return `${ruleName} ${violatingConstructs.map((c) => c.constructPath).join(', ')}: ${description}`;
  });
}

/** Without credentials, the user's settings or an existing home: synth must need nothing of AWS. */
export function withoutAws(env: NodeJS.ProcessEnv, home: string): Record<string, string | undefined> {
  const names = Object.keys(env).filter((name) => /^(AWS|CDK)_/.test(name));
  return {
    ...Object.fromEntries(names.map((name) => [name, undefined])),
    AWS_CONFIG_FILE: path.join(home, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: path.join(home, 'none'),
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_HOME: home,
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
}

async function checkEngine(engine: string, { folder, command, root }: PartContext): Promise<string[]> {
  const out = path.join(folder, engine);
  const env = withoutAws(process.env, path.join(folder, 'home'));
  const context = [...CONTEXT, `engine=${engine}`].flatMap((value) => ['-c', value]);
  const synth = ['synth', '--quiet', '--strict', '--no-notices', '--no-lookups', '--output', out, ...context];
  const cdk = (args: string[]) => command(...nodeBin('cdk', ...args), { env, cwd: root });
  if ((await cdk(synth)) !== 0) return [`cdk synth failed for engine ${engine}`];
  // --no-online: the online part asks CloudFormation, with credentials.
  const validate = ['validate', '--unstable=validate', '--no-online', '--no-notices', '--app', out];
  if ((await cdk(validate)) !== 0) return [`cdk validate failed for engine ${engine}`];
  const report = await readFile(path.join(out, 'validation-report.json'), 'utf8');
  return findings(JSON.parse(report) as ValidationReport).map((finding) => `engine ${engine}: ${finding}`);
}

/** The app as shipped, through the real CLI, and the CLI's own validation. */
export const cdk: Part = {
  name: 'cdk',
  groups: ['templates'],
  about: 'the shipped app: cdk synth without credentials, cdk validate without findings, for both engines',
  limitMinutes: 5,
  async run(context): Promise<Outcome> {
    const notes = (await Promise.all(ENGINES.map((engine) => checkEngine(engine, context)))).flat();
    return notes.length === 0 ? PASSED : failed(...notes);
  },
};
