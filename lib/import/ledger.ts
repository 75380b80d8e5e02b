import { FATES, type Fate, type Remark, type Said } from './imported';

const LONGEST = 100;

/** Accounts for everything that a file says, so that nothing is dropped silently. */
export class Ledger {
  private readonly settled = new Set<Said>();
  private readonly covering = new Set<Said>();
  private readonly remarks = new Map<string, Remark>();

  /** Translated word for word. */
  take(...all: readonly (Said | undefined)[]): void {
    for (const said of all) if (said !== undefined) this.settled.add(said);
  }

  /** Settled, and worth a word. The same word about the same place counts once. */
  remark(fate: Fate, said: Said, why: string): void {
    this.settled.add(said);
    if (fate !== 'differs') this.covering.add(said);
    this.write(fate, said, why);
  }

  private write(fate: Fate, said: Said, why: string): void {
    const text = said.text.length > LONGEST ? `${said.text.slice(0, LONGEST - 3)}...` : said.text;
    const { file, line } = said;
    this.remarks.set(JSON.stringify([fate, file, line, text, why]), { fate, file, line, text, why });
  }

  /** About what a block does not say: of several, about the first. What it does say is still to be accounted for. */
  remarkDefault(fate: 'differs' | 'own', said: Said, why: string): void {
    if ([...this.remarks.values()].some((one) => one.fate === fate && one.why === why)) return;
    this.write(fate, said, why);
  }

  has(said: Said): boolean {
    return this.settled.has(said);
  }

  /** Whether the word about a block is about everything in it. */
  covers(said: Said): boolean {
    return this.covering.has(said);
  }

  list(): readonly Remark[] {
    return [...this.remarks.values()].toSorted(
      (a, b) => FATES.indexOf(a.fate) - FATES.indexOf(b.fate) || a.file.localeCompare(b.file, 'en') || a.line - b.line,
    );
  }
}
