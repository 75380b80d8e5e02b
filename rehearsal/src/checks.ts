/** One check and its result. */
export interface Check {
  /** When in the rehearsal: `first boot`, `reboot`, ... */
  readonly phase: string;
  /** What must hold: `stranger gets the application on 80`. */
  readonly what: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** What was seen, if it matters to a reader. Always set for failed and skipped checks. */
  readonly seen?: string;
  /** Seconds after the rehearsal began. */
  readonly at: number;
}

/** What a party found when it scanned TCP ports of the gateway's public address. */
export interface Scan {
  readonly phase: string;
  readonly party: 'stranger' | 'admin';
  readonly open: readonly number[];
  /** Ports that refused the connection. All others did not answer. */
  readonly refused: readonly number[];
  /** How many ports were tried. */
  readonly tried: number;
}

/** Collects checks. A failed check does not end the rehearsal, since later ones may show the cause. */
export class Checks {
  readonly all: Check[] = [];
  readonly scans: Scan[] = [];
  readonly #now: () => number;
  #closed = false;

  /** @param now seconds since the rehearsal began */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Records a check. `seen` is kept only if it failed. */
  expect(phase: string, what: string, ok: boolean, seen: string): boolean {
    this.#add(ok ? { phase, what, result: 'passed' } : { phase, what, result: 'failed', seen });
    return ok;
  }

  /** Records a passed check with a figure that readers want to see. */
  passed(phase: string, what: string, seen: string): void {
    this.#add({ phase, what, result: 'passed', seen });
  }

  failed(phase: string, what: string, seen: string): void {
    this.#add({ phase, what, result: 'failed', seen });
  }

  skipped(phase: string, what: string, reason: string): void {
    this.#add({ phase, what, result: 'skipped', seen: reason });
  }

  /** Stops recording: failures that clean-up causes in a running step are not findings. */
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
