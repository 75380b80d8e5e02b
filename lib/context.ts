import { Annotations, LegacyStackSynthesizer } from 'aws-cdk-lib';
import type { Construct, IConstruct, Node } from 'constructs';
import { NUMBERS, SWITCHES, TEXTS, warnOfContext } from './context-names';
import type { PortwayStackProps } from './portway-stack-props';

/** Apps that have read their context values, by their root. */
const read = new WeakSet<IConstruct>();

/** What `-c bootstrapless=true` and the other context values mean for a stack; unset values are omitted. */
export function contextProps(node: Node): Omit<PortwayStackProps, 'forwards'> {
  read.add(node.root);
  warnOfContext(Object.keys(node.getAllContext()));
  const values = [...TEXTS, ...NUMBERS, ...SWITCHES].flatMap((name) => {
    const value: unknown = node.tryGetContext(name);
    if (value === undefined || value === '') return [];
    if (NUMBERS.includes(name as never)) return [[name, Number(value)]];
    return [[name, SWITCHES.includes(name as never) ? readSwitch(value) : value]];
  });
  // Not BootstraplessSynthesizer: it still names roles that only bootstrapping creates.
  const bootstrapless = String(node.tryGetContext('bootstrapless')) === 'true';
  // No checks here: the stack checks all its props together, including a missing adminCidr.
  return { ...Object.fromEntries(values), ...(bootstrapless ? { synthesizer: new LegacyStackSynthesizer() } : {}) };
}

/** Any other value is returned unchanged, for the stack to reject. */
function readSwitch(value: unknown): unknown {
  return value === 'true' ? true : value === 'false' ? false : value;
}

/**
 * Warns of context values that the app does not read: `cdk deploy -c sshPublicKey=...` would give a host that nobody can log in to.
 *
 * @param props the stack's own; a value that is also there has its effect
 */
export function warnOfUnreadContext(stack: Construct, props: PortwayStackProps): void {
  if (read.has(stack.node.root)) return;
  for (const name of [...TEXTS, ...NUMBERS, ...SWITCHES]) {
    const value: unknown = stack.node.tryGetContext(name);
    if (value === undefined || String(props[name]) === String(value)) continue;
    Annotations.of(stack).addWarningV2(
      `portway:unreadContext-${name}`,
      `-c ${name} has no effect on this stack: spread ...contextProps(app.node) into its props, or set ${name} there.`,
    );
  }
}
