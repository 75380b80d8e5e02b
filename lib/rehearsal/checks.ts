/** One thing that was looked at, and what was seen. */
export interface Check {
  /** When in the rehearsal: `first boot`, `reboot`, ... */
  readonly phase: string;
  /** What must be so: `stranger gets the application on 80`. */
  readonly what: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** What was seen, where it is worth a reader's time: always for what failed or was skipped. */
  readonly seen?: string;
}

/** Collects checks; a failed one does not end the rehearsal, since the others may tell why. */
export class Checks {
  readonly all: Check[] = [];

  /** Records a check; `seen` is told only when it failed. */
  expect(phase: string, what: string, ok: boolean, seen: string): boolean {
    this.all.push(ok ? { phase, what, result: 'passed' } : { phase, what, result: 'failed', seen });
    return ok;
  }

  /** Records a figure that a reader wants to know, with the check that it belongs to. */
  passed(phase: string, what: string, seen: string): void {
    this.all.push({ phase, what, result: 'passed', seen });
  }

  failed(phase: string, what: string, seen: string): void {
    this.all.push({ phase, what, result: 'failed', seen });
  }

  skipped(phase: string, what: string, reason: string): void {
    this.all.push({ phase, what, result: 'skipped', seen: reason });
  }

  count(result: Check['result']): number {
    return this.all.filter((check) => check.result === result).length;
  }
}
