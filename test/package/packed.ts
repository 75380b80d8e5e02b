import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { withoutAws } from '../run/parts/cdk';

const ROOT = join(__dirname, '..', '..');

const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** Packages that a consumer installs beside Portway, and those that Portway depends on. */
const BESIDE = ['aws-cdk-lib', 'constructs', 'typescript', 'tsx', '@types/node', ...Object.keys(dependencies)];

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with the packed package, and apps that have it installed. */
export class Packed {
  private constructor(
    private readonly folder: string,
    private readonly tarball: string,
    /** Paths of the package's files. */
    readonly files: readonly string[],
  ) {}

  /** Runs `npm pack`, which builds first. */
  static async create(): Promise<Packed> {
    const folder = mkdtempSync(join(tmpdir(), 'portway-package-'));
    const { code, stdout, stderr } = await run(
      'npm',
      ['pack', '--json', '--silent', '--pack-destination', folder],
      ROOT,
    );
    if (code !== 0) throw new Error(`npm pack failed: ${stdout}${stderr}`);
    // Nothing else may be printed, or a release script could not read it.
    const [made] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
    return new Packed(
      folder,
      join(folder, made.filename),
      made.files.map(({ path }) => path),
    );
  }

  /** A fresh app that has the package installed and the repository's packages beside it. */
  async app(name: string, files: Readonly<Record<string, string>>): Promise<PackedApp> {
    const folder = join(this.folder, name);
    const installed = join(folder, 'node_modules', 'portway');
    mkdirSync(installed, { recursive: true });
    const { code, stderr } = await run('tar', ['-xzf', this.tarball, '-C', installed, '--strip-components=1'], folder);
    if (code !== 0) throw new Error(`tar failed: ${stderr}`);
    for (const one of BESIDE) {
      const link = join(folder, 'node_modules', one);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', one), link);
    }
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
    return new PackedApp(folder);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class PackedApp {
  constructor(private readonly folder: string) {}

  /** Runs Node in the app's folder. */
  node(...args: readonly string[]): Promise<Ran> {
    return run(process.execPath, args, this.folder);
  }

  tsc(...args: readonly string[]): Promise<Ran> {
    return this.node(join('node_modules', 'typescript', 'bin', 'tsc'), '--pretty', 'false', ...args);
  }

  /** The command line, as npm links it. */
  portway(...args: readonly string[]): Promise<Ran> {
    return this.node(join('node_modules', 'portway', 'bin', 'portway.js'), ...args);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8');
  }
}

/** Without AWS settings of the user, and without the CDK's own validation, which takes seconds. */
function run(program: string, args: readonly string[], cwd: string): Promise<Ran> {
  const env = { ...process.env, ...withoutAws(process.env, cwd), CDK_VALIDATION: 'false', NODE_PATH: undefined };
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}
