import { inspect, types } from 'node:util';

/**
 * Thrown once per stack with everything that is wrong with it, so that users do not fix one mistake only to find the
 * next. Each problem names the prop, the rule and the value, and says what to do where that is not obvious.
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

/** Collects the problems of a stack while it is checked. */
export class Problems {
  private readonly found: string[] = [];

  /** @param places where each prop may stand, for hints about misplaced ones (PLACES in known-props.ts) */
  constructor(readonly places: readonly (readonly [title: string, props: object])[] = []) {}

  /**
   * Adds one broken rule. `at` is the prop's path as the user wrote it; `rule` continues the sentence ("must be
   * 1-65535").
   */
  add(at: string, rule: string, got?: unknown): void {
    this.found.push(got === undefined ? `${at} ${rule}` : `${at} ${rule}, got: ${show(got)}`);
  }

  get length(): number {
    return this.found.length;
  }

  /** @throws PortwayError if there are any problems */
  throwIfAny(): void {
    if (this.found.length > 0) throw new PortwayError(this.found);
  }
}

/** A forward's path in messages, as the user would write it. */
export function forwardPath(name: string): string {
  return /^[a-z_$][\w$]*$/i.test(name) ? `forwards.${name}` : `forwards[${JSON.stringify(name)}]`;
}

/**
 * Replaces a value that is not data, such as a symbol or a function. Every reader refuses it, and messages show the
 * original value.
 */
export class NotData {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** A value as messages show it: short, on one line, with control characters escaped. */
export function show(value: unknown): string {
  const text =
    typeof value === 'string'
      ? /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value)
        ? value
        : JSON.stringify(value)
      : value instanceof NotData
        ? value.toString()
        : showOther(value);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** Data as JSON, anything else as Node prints it. Never runs code of the value's own. */
function showOther(value: unknown): string {
  try {
    if (types.isProxy(value)) return 'a proxy';
    if (isData(value, 4)) return JSON.stringify(value);
    const text = inspect(value, {
      customInspect: false,
      depth: 1,
      breakLength: Number.POSITIVE_INFINITY,
      maxArrayLength: 5,
    });
    return text.replaceAll(/\s+/g, ' ');
  } catch {
    return typeof value;
  }
}

/** Whether JSON represents the value completely. */
function isData(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || depth === 0) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== null && !Object.hasOwn(prototype as object, 'isPrototypeOf')) return false;
  return Object.values(Object.getOwnPropertyDescriptors(value)).every(
    (own) => !own.enumerable || ('value' in own && isData(own.value, depth - 1)),
  );
}

/**
 * Creates a CDK app's stacks. Problems with their props are printed without a stack trace and end the app.
 * @deprecated Leave it out: under the CDK CLI, stacks and gateways do this themselves.
 */
export function failWithProblems<T>(create: () => T): T {
  try {
    return create();
  } catch (error) {
    if (!(error instanceof PortwayError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
