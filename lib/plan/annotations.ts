import type { CloudFormationStackArtifact } from 'aws-cdk-lib/cx-api';

/** What a construct says at synth: an annotation of the CDK. */
export interface PlannedAnnotation {
  /** With an `error`, `cdk deploy` stops. */
  readonly level: 'error' | 'warning' | 'info';
  /** The path of the construct. */
  readonly path: string;
  readonly text: string;
  /** What `Annotations.of(…).acknowledgeWarning` takes to silence it. Omitted: it cannot be silenced. */
  readonly id?: string;
}

/** All that the constructs of a stack say. */
export function annotationsOf(stack: CloudFormationStackArtifact): readonly PlannedAnnotation[] {
  return stack.messages.map(({ level, id: path, entry: { data } }) => {
    // The CDK writes the id of a warning behind its text.
    const [, text = String(data), id] = /^([\s\S]*) \[ack: ([^\]]+)\]$/.exec(String(data)) ?? [];
    return { level, path: path.replace(/^\//, ''), text, ...(id === undefined ? {} : { id }) };
  });
}

/** Those that concern a gateway: of its constructs, and of the stack that it is in. */
export function concerning(
  gateway: string,
  annotations: readonly PlannedAnnotation[],
): { readonly annotations?: readonly PlannedAnnotation[] } {
  const within = (inner: string, outer: string) => `${inner}/`.startsWith(`${outer}/`);
  const found = annotations.filter(({ path }) => within(path, gateway) || within(gateway, path));
  return found.length === 0 ? {} : { annotations: found };
}

/** As lines of text, errors first. */
export function annotationLines(annotations: readonly PlannedAnnotation[]): readonly string[] {
  return LEVELS.flatMap((level) =>
    annotations
      .filter((annotation) => annotation.level === level)
      .map(({ path, text, id }) => `${level} of ${path}: ${text}${id === undefined ? '' : ` (${id})`}`),
  );
}

const LEVELS: readonly PlannedAnnotation['level'][] = ['error', 'warning', 'info'];
