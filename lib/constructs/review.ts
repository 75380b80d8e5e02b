import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostContent } from '../host/host-content';

/**
 * Writes what a reviewer reads next to the template (`cdk.out/<stack>.rules.txt`): the rules as the host gets them, in plain
 * text also where user-data had to carry them compressed.
 */
export function writeReview(outdir: string, stack: string, { files }: HostContent): void {
  const rules = files.filter((f) => f.origin === 'rules').map((f) => `# ---- ${f.path}\n${f.text}`);
  writeFileSync(join(outdir, `${stack}.rules.txt`), rules.join('\n'));
}
