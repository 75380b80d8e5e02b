/**
 * Thrown once per stack with everything that is wrong with it, so that nobody fixes one mistake only to meet the next.
 * Each problem names the prop, the rule and the value got, and says what to do where that is not obvious.
 */
export class PortwayError extends Error {
  override readonly name = 'PortwayError';

  constructor(readonly problems: readonly string[]) {
    super(
      problems.length === 1
        ? problems[0]
        : `${problems.length} problems:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
  }
}

/** Collects problems while a stack is checked. */
export class Problems {
  private readonly found: string[] = [];

  /** One broken rule: `at` is the prop's path as the user wrote it, `rule` goes on from it ("must be 1-65535"). */
  add(at: string, rule: string, got?: unknown): void {
    this.found.push(got === undefined ? `${at} ${rule}` : `${at} ${rule}, got: ${show(got)}`);
  }

  get length(): number {
    return this.found.length;
  }

  /** @throws PortwayError when anything was added */
  throwIfAny(): void {
    if (this.found.length > 0) throw new PortwayError(this.found);
  }
}

/** A forward's path in messages, as its user would write it. */
export function forwardPath(name: string): string {
  return /^[a-z_$][\w$]*$/i.test(name) ? `forwards.${name}` : `forwards[${JSON.stringify(name)}]`;
}

/** A value as it stands in a message: short, on one line, and with control characters made visible. */
function show(value: unknown): string {
  const text =
    typeof value === 'string'
      ? /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value)
        ? value
        : JSON.stringify(value)
      : inspect(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

function inspect(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null)
    return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** Runs a CDK app's stacks; what is wrong with their props is printed as it is, without a stack trace, and ends the app. */
export function failWithProblems<T>(create: () => T): T {
  try {
    return create();
  } catch (error) {
    if (!(error instanceof PortwayError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
