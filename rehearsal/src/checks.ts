/** One thing that was looked at, and what was seen. */
export interface Check {
  /** When in the rehearsal: `first boot`, `reboot`, ... */
  readonly phase: string;
  /** What must be so: `stranger gets the application on 80`. */
  readonly what: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** What was seen, where it is worth a reader's time: always for what failed or was skipped. */
  readonly seen?: string;
  /** Seconds after the rehearsal began. */
  readonly at: number;
}

/** What a party found when it tried ports of the gateway's public address, all of them over TCP. */
export interface Scan {
  readonly phase: string;
  readonly party: 'stranger' | 'admin';
  readonly open: readonly number[];
  /** Ports that answered with a refusal. All others gave no answer. */
  readonly refused: readonly number[];
  /** How many ports were tried. */
  readonly tried: number;
}

/** Collects checks; a failed one does not end the rehearsal, since the others may tell why. */
export class Checks {
  readonly all: Check[] = [];
  readonly scans: Scan[] = [];
  readonly #now: () => number;
  #closed = false;

  /** @param now seconds since the rehearsal began */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Records a check; `seen` is told only when it failed. */
  expect(phase: string, what: string, ok: boolean, seen: string): boolean {
    this.#add(ok ? { phase, what, result: 'passed' } : { phase, what, result: 'failed', seen });
    return ok;
  }

  /** Records a figure that a reader wants to know, with the check that it belongs to. */
  passed(phase: string, what: string, seen: string): void {
    this.#add({ phase, what, result: 'passed', seen });
  }

  failed(phase: string, what: string, seen: string): void {
    this.#add({ phase, what, result: 'failed', seen });
  }

  skipped(phase: string, what: string, reason: string): void {
    this.#add({ phase, what, result: 'skipped', seen: reason });
  }

  /** From now on nothing is recorded: what the cleaning up breaks under a step that still runs is no finding. */
  close(): void {
    this.#closed = true;
  }

  scanned(scan: Scan): void {
    this.scans.push(scan);
  }

  #add(check: Omit<Check, 'at'>): void {
    if (!this.#closed) this.all.push({ ...check, at: Math.round(this.#now()) });
  }
}
