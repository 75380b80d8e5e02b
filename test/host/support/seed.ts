import { spawnSync } from 'node:child_process';

/**
 * The seed of everything that tests draw. PORTWAY_SEED sets it, to repeat a failure. Otherwise it is of the commit: each
 * commit tries others, and a commit that passed does not fail later.
 */
export const SEED = Number(process.env.PORTWAY_SEED ?? ofCommit() ?? Date.now() % 2 ** 28);

/** Undefined outside of a clone. */
function ofCommit(): number | undefined {
  const { status, stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: __dirname, encoding: 'utf8' });
  return status === 0 ? Number.parseInt(stdout.slice(0, 7), 16) : undefined;
}
