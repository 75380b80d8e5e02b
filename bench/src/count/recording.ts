import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ADDRESS, type Party } from '../../../test/host/support/host';
import type { Ground } from '../lab/ground';

interface Step {
  readonly party: Party;
  readonly script: string;
  readonly input: string | Buffer;
}

/** Tenths of a second that something may take to be ready. */
const TRIES = 300;

/**
 * Records what a carrier does, for a machine that is started later: while that one waits for anybody outside, its clock jumps
 * from timer to timer. So `sh` returns nothing here, and a carrier that needs what it prints cannot be recorded.
 */
export class Recording implements Ground {
  readonly #steps: Step[] = [];

  constructor(readonly applicationAt: 'gateway' | 'backend') {}

  get target(): string {
    return this.applicationAt === 'gateway' ? ADDRESS.gateway.v4 : ADDRESS.backend.v4;
  }

  async sh(party: Party, script: string, input: string | Buffer = ''): Promise<string> {
    this.#steps.push({ party, script, input });
    return '';
  }

  async put(party: Party, path: string, content: string | Buffer, mode = '0644'): Promise<void> {
    await this.sh(party, `mkdir -p "$(dirname '${path}')"; cat >'${path}'; chmod ${mode} '${path}'`, content);
  }

  async ready(party: Party, what: string, script: string): Promise<void> {
    await this.sh(
      party,
      `for _ in {1..${TRIES}}; do if ${script}; then exit; fi; sleep 0.1; done; echo 'did not come true: ${what}'; exit 1`,
    );
  }

  /** Writes the steps for guest/run.sh. */
  async write(folder: string): Promise<void> {
    await mkdir(join(folder, 'steps'), { recursive: true });
    await writeFile(join(folder, 'at'), this.applicationAt);
    for (const [i, { party, script, input }] of this.#steps.entries()) {
      const step = join(folder, 'steps', inOrder(i));
      await writeFile(`${step}.${party}`, `set -e\n${script}\n`);
      if (input !== '') await writeFile(`${step}.in`, input);
    }
  }
}

/** A number whose names sort like the numbers. */
export function inOrder(number: number): string {
  return `${number}`.padStart(4, '0');
}
