import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..', '..');
const SCRIPT = join(ROOT, 'test', 'run', 'synth-canonical.ts');

/** The templates as a process of its own writes them in some surroundings: file name to text. */
async function templates(env: Record<string, string>, cwd: string): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'portway-templates-'));
  try {
    const bare = { PATH: process.env.PATH ?? '', CDK_VALIDATION: 'false', ...env };
    const tsx = join(ROOT, 'node_modules', 'tsx', 'dist', 'loader.mjs');
    await promisify(execFile)(process.execPath, ['--import', tsx, SCRIPT, folder], { cwd, env: bare });
    return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('templates are byte-equal in another time zone, language and folder, with and without credentials', async () => {
  const [plain, other] = await Promise.all([
    templates({ TZ: 'UTC', HOME: '/nonexistent' }, ROOT),
    templates(
      {
        ...{ TZ: 'Pacific/Kiritimati', LANG: 'de_DE.UTF-8', LC_ALL: 'tr_TR.UTF-8', HOME: tmpdir(), USER: 'somebody' },
        ...{
          AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
          AWS_SECRET_ACCESS_KEY: 'secret',
          AWS_REGION: 'eu-west-1',
          AWS_PROFILE: 'prod',
        },
        ...{ CDK_DEFAULT_ACCOUNT: '123456789012', CDK_DEFAULT_REGION: 'eu-west-1' },
      },
      tmpdir(),
    ),
  ]);
  expect(Object.keys(plain).length).toBeGreaterThan(3);
  expect(other).toEqual(plain);
}, 60_000);
