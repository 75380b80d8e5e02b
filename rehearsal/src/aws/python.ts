import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import spawn, { SubprocessError } from 'nano-spawn';
import { cacheFolder, ensureCached } from '../cache';

/** The content of a private Python environment. */
export interface PythonOptions {
  /** Short name of the environment; its folder's name begins with it. */
  readonly name: string;
  /** A pip requirements file with exact versions. Its content is part of the environment's key. */
  readonly requirements: string;
  /** Where environments are kept. Default: `${XDG_CACHE_HOME:-~/.cache}/portway/python`. */
  readonly cacheFolder?: string;
  /** The interpreter to build it with. Default: `python3` on the PATH. */
  readonly interpreter?: string;
  /** Called once when packages are about to be installed (about 10 seconds); not called if the environment is ready. */
  readonly onInstall?: (folder: string) => void;
}

/** A ready environment. Run its tools with `python -m <module>`: its scripts contain a path that no longer exists. */
export interface PythonEnvironment {
  readonly python: string;
  readonly folder: string;
}

/**
 * A virtual environment with the packages of a requirements file, made once and kept. Packages come from wherever the
 * user's pip settings say. Two runs do not collide: the second waits for the first.
 * @throws Error that says what to install if python3, its venv module or the packages are missing
 */
export async function ensurePython(options: PythonOptions): Promise<PythonEnvironment> {
  const interpreter = options.interpreter ?? 'python3';
  const version = await interpreterVersion(interpreter);
  const content = await readFile(options.requirements);
  const key = createHash('sha256').update(version).update(content).digest('hex').slice(0, 12);
  const parent = options.cacheFolder ?? join(cacheFolder(), 'python');
  const folder = await ensureCached(join(parent, `${options.name}-${key}`), async (building) => {
    options.onInstall?.(building);
    await build(interpreter, building, options.requirements);
  });
  return { folder, python: join(folder, 'bin', 'python') };
}

async function interpreterVersion(interpreter: string): Promise<string> {
  const program = 'import sys; print(sys.version_info >= (3, 10), sys.version, sys.executable)';
  const run = await spawn(interpreter, ['-I', '-c', program]).catch((error: unknown) => {
    throw new Error(
      `python3 is needed for the local AWS endpoint and cannot be run (${reason(error)}). ` +
        'Install it: apt-get install python3 python3-venv',
    );
  });
  if (!run.stdout.startsWith('True')) {
    throw new Error(
      `python3 must be 3.10 or newer, got: ${run.stdout.split(' ')[1]}. Debian 12 and Ubuntu 22.04 have it.`,
    );
  }
  return run.stdout;
}

async function build(interpreter: string, folder: string, requirements: string): Promise<void> {
  await spawn(interpreter, ['-I', '-m', 'venv', folder]).catch((error: unknown) => {
    throw new Error(
      `a Python environment cannot be made in ${folder} (${reason(error)}). Debian and Ubuntu need: apt-get install python3-venv`,
    );
  });
  const pip = ['-I', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
  // The user's settings for installing into the home or another folder would miss the environment.
  const env = { PIP_USER: '0', PIP_TARGET: '', PIP_PREFIX: '', PIP_REQUIRE_VIRTUALENV: '0' };
  await spawn(join(folder, 'bin', 'python'), [...pip, '-r', requirements], { env }).catch((error: unknown) => {
    throw new Error(
      `the packages of ${requirements} cannot be installed: ${reason(error)}. ` +
        'pip needs a package index: check the network, or the index and proxy in your pip settings (pip config list).',
    );
  });
}

/** The last lines of a failed program, else why it could not start. */
function reason(error: unknown): string {
  if (!(error instanceof SubprocessError)) return String(error);
  const lines = error.output.trim().split('\n').slice(-3).join(' ');
  return lines || ((error.cause as { message?: string } | undefined)?.message ?? error.message);
}
