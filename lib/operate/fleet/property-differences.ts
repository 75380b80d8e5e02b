/** What a property of a template must be, and what AWS says that it is. */
export interface Property {
  /** As a message names it: `MinSize of the group`. */
  readonly what: string;
  /** Undefined: the template leaves it out, and anything may be there. */
  readonly must: unknown;
  readonly is: unknown;
}

/** A line if a property is not what was promised. A template and AWS's answers may spell the same name differently. Pure. */
export function propertyDifferences({ what, must, is }: Property): readonly string[] {
  if (must === undefined || text(must).toLowerCase() === text(is).toLowerCase()) return [];
  return [`${what} must be ${text(must)}, got: ${is === undefined ? 'none' : text(is)}`];
}

function text(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : `${value}`;
}
