import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SubprocessError } from 'nano-spawn';
import spawn from 'nano-spawn';

/**
 * A Debian package, and how to see whether it is already installed. `probe` is a command that must succeed; without it,
 * a program with the tool's name must be on the PATH.
 */
export interface ToolPackage {
  readonly package: string;
  readonly probe?: readonly [command: string, ...args: string[]];
}

/** The tools needed: the tool's name, as the user knows it, and the Debian package that provides it. */
export type Tools = Readonly<Record<string, string | ToolPackage>>;

/** A tool that is still missing, and why it could not be installed. */
export interface Missing {
  readonly tool: string;
  readonly package: string;
  readonly reason: string;
}

export interface EnsureOptions {
  /** Whether to install packages. Default: true. If false, missing tools are only reported. */
  readonly install?: boolean;
  /** Called with one line before something slow starts. Default: nothing is printed. */
  readonly report?: (line: string) => void;
  /** The machine. Default: this one. Tests pass another. */
  readonly machine?: Machine;
}

/** The few operations on the machine, so that a test can run without touching it. */
export interface Machine {
  /** Runs a command, and rejects with its last lines if it fails. */
  run(command: string, args: readonly string[]): Promise<void>;
  has(tool: string): Promise<boolean>;
  isRoot(): boolean;
  wait(seconds: number): Promise<void>;
}

/** Folders of system tools, which are missing from the PATH of plain users and of `su`. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The PATH, with the folders of system tools (nft, mke2fs, dnsmasq) at its end. */
export function systemPath(current = process.env.PATH ?? ''): string {
  const folders = current.split(path.delimiter).filter(Boolean);
  return [...folders, ...SYSTEM_FOLDERS.filter((folder) => !folders.includes(folder))].join(path.delimiter);
}

/** The full path of a program; undefined if there is none. */
export async function findTool(name: string): Promise<string | undefined> {
  const candidates = name.includes('/')
    ? [name]
    : systemPath()
        .split(path.delimiter)
        .map((f) => path.join(f, name));
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not here: the next folder
    }
  }
  return undefined;
}

/** The single command that the user is told to run. */
export function installCommand(packages: readonly string[]): string {
  return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${[...new Set(packages)].join(' ')}`;
}

/** Which of the tools are missing. Changes nothing. */
export async function missingTools(tools: Tools, machine: Machine = thisMachine): Promise<string[]> {
  const states = await Promise.all(
    Object.entries(tools).map(async ([tool, wanted]) => ({ tool, present: await isPresent(tool, wanted, machine) })),
  );
  return states.filter((state) => !state.present).map((state) => state.tool);
}

/**
 * Installs missing tools with apt if possible: on a machine with apt-get, as root or with a sudo that asks for no
 * password. Existing tools are not touched, and nothing is downloaded if none is missing.
 * @returns the tools that are still missing; empty if there are none. Does not throw for a tool that cannot be
 * installed
 */
export async function ensurePackages(tools: Tools, options: EnsureOptions = {}): Promise<Missing[]> {
  // One after another: two installations in one process would only wait for each other's lock.
  const result = queue.then(() => ensure(tools, options));
  queue = result.catch(() => undefined);
  return result;
}
let queue: Promise<unknown> = Promise.resolve();

async function ensure(tools: Tools, options: EnsureOptions): Promise<Missing[]> {
  const machine = options.machine ?? thisMachine;
  const report = options.report ?? (() => undefined);
  const missing = await missingTools(tools, machine);
  if (missing.length === 0) return [];
  const packageOf = (tool: string) => asPackage(tools[tool] ?? tool).package;
  const packages = [...new Set(missing.map(packageOf))];
  const give = (tool: string, reason: string): Missing => ({ tool, package: packageOf(tool), reason });

  const prefix = options.install === false ? 'installing is switched off' : await privilege(machine);
  if (typeof prefix === 'string') {
    return missing.map((tool) => give(tool, `${prefix}; to install it: ${installCommand(packages)}`));
  }
  report(`installing ${packages.join(' ')} with apt-get`);
  const failures = await install(packages, prefix, machine);
  const still = new Set(await missingTools(tools, machine));
  return missing
    .filter((tool) => still.has(tool))
    .map((tool) => give(tool, failures.get(packageOf(tool)) ?? `${packageOf(tool)} is installed but lacks it`));
}

function asPackage(wanted: string | ToolPackage): ToolPackage {
  return typeof wanted === 'string' ? { package: wanted } : wanted;
}

async function isPresent(tool: string, wanted: string | ToolPackage, machine: Machine): Promise<boolean> {
  const { probe } = asPackage(wanted);
  if (probe === undefined) return machine.has(tool);
  const [command, ...args] = probe;
  return machine.run(command, args).then(
    () => true,
    () => false,
  );
}

/** The words before `apt-get` or, as a string, why it may not be run. */
async function privilege(machine: Machine): Promise<string[] | string> {
  if (!(await machine.has('apt-get'))) return 'this machine has no apt-get';
  if (machine.isRoot()) return [];
  const quiet = machine.run('sudo', ['-n', 'true']);
  return quiet.then(
    () => ['sudo', '-n'],
    () => 'not root, and sudo asks for a password',
  );
}

/** @returns the reason for each package that could not be installed */
async function install(packages: string[], prefix: string[], machine: Machine): Promise<Map<string, string>> {
  const apt = async (...args: string[]) => {
    // `env`, since sudo drops variables. Asks no questions, and restarts no services on Ubuntu.
    const settings = ['DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_SUSPEND=1', 'LC_ALL=C.UTF-8'];
    const [command = 'env', ...rest] = [...prefix, 'env', ...settings, 'apt-get', '-q', ...args];
    await machine.run(command, rest);
  };
  const failures = new Map<string, string>();
  // A failed update is reported only if it matters: old lists often still work.
  const updated = await retryWhileLocked(() => apt('update'), machine).catch((error: unknown) => reasonOf(error));
  const installAll = (names: string[]) =>
    retryWhileLocked(
      () => apt('install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...names),
      machine,
    );
  try {
    await installAll(packages);
  } catch {
    // apt refuses everything because of one unknown name, so the packages are installed one by one.
    for (const name of packages) {
      await installAll([name]).catch((error: unknown) => {
        const before = typeof updated === 'string' ? ` (apt-get update had failed: ${updated})` : '';
        failures.set(name, `apt-get install ${name}: ${reasonOf(error)}${before}`);
      });
    }
  }
  return failures;
}

/**
 * apt's own lock timeout does not apply to the package lists: `apt-get update` fails at once while another one runs.
 */
async function retryWhileLocked(action: () => Promise<void>, machine: Machine): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (attempt >= 12 || !/could not get lock|unable to lock/i.test(reasonOf(error))) throw error;
      await machine.wait(5);
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The lines of a failed apt run that explain it: those marked E:, else the last one. */
function essence(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const errors = lines.filter((line) => line.startsWith('E:'));
  return (errors.length > 0 ? errors.slice(0, 3) : lines.slice(-1)).join(' ');
}

export const thisMachine: Machine = {
  async run(command, args) {
    try {
      await spawn(command, [...args], { stdin: 'ignore', env: { PATH: systemPath() } });
    } catch (error) {
      const failed = error as SubprocessError;
      throw new Error(essence(failed.output ?? '') || failed.message);
    }
  },
  async has(tool) {
    return (await findTool(tool)) !== undefined;
  },
  isRoot: () => process.getuid?.() === 0,
  wait: (seconds) => sleep(seconds * 1000),
};
