import path from 'node:path';
import { ensurePython } from '../../rehearsal/src/aws/python';
import type { PartContext } from './part';

/**
 * The interpreter of the private environment with cfn-lint, ruff, mypy, pytest, gixy, vermin and zizmor. It is made at the
 * first use (about 15 seconds, 200 MB).
 */
export async function checkersPython({ report }: PartContext): Promise<string> {
  const { python } = await ensurePython({
    name: 'checkers',
    requirements: path.join(__dirname, 'requirements.txt'),
    onInstall: () =>
      report('installing cfn-lint, ruff, mypy, pytest, gixy, vermin and zizmor into a private Python environment'),
  });
  return python;
}
