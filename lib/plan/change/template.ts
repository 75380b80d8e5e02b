/** A CloudFormation template, as far as a comparison reads it. */
export interface Template {
  readonly Resources: Resources;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly Mappings?: Readonly<Record<string, unknown>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
}

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Condition?: string;
  readonly DependsOn?: string | readonly string[];
}

/** By logical id. */
export type Resources = Readonly<Record<string, Resource>>;

/**
 * The logical id of the gateway: the instance with the fixed address. Undefined if there is none.
 *
 * @param association the logical id of the address's association. Default: the template's first
 */
export function gatewayId(resources: Resources, association?: string): string | undefined {
  const id = reference(associationOf(resources, association)?.InstanceId);
  return id !== undefined && id in resources ? id : undefined;
}

/** The fixed address, as its association refers to it. */
export function allocationOf(resources: Resources, association?: string): unknown {
  return associationOf(resources, association)?.AllocationId;
}

function associationOf(resources: Resources, id: string | undefined): Resource['Properties'] {
  const [first] = ofType(resources, 'AWS::EC2::EIPAssociation');
  return (id === undefined ? first?.[1] : resources[id])?.Properties;
}

/** The resources of a type, with their logical ids. */
export function ofType(resources: Resources, type: string): readonly (readonly [id: string, resource: Resource])[] {
  return Object.entries(resources).filter(([, { Type }]) => Type === type);
}

/** A list of the template. A list that is known only at deploy time counts as empty. */
export function listOf<T>(value: unknown): readonly T[] {
  return Array.isArray(value) ? value : [];
}

/** The logical id in a Ref or an Fn::GetAtt. */
export function reference(value: unknown): string | undefined {
  const { Ref, 'Fn::GetAtt': attribute } = (value ?? {}) as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
  return Ref ?? attribute?.[0];
}

/** All names in a value that stand for something else in the template: resources, parameters, mappings, conditions. */
export function namesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if ((key === 'Ref' || key === 'Condition') && typeof inner === 'string') return [inner];
    if (key === 'Fn::GetAtt') return [String(Array.isArray(inner) ? inner[0] : String(inner).split('.')[0])];
    if (key === 'Fn::If' || key === 'Fn::FindInMap') return [String(inner[0]), ...namesIn(inner)];
    if (key === 'Fn::Sub') {
      const [text, values] = Array.isArray(inner) ? inner : [inner];
      const names = [...String(text).matchAll(/\$\{([^!}.]+)[^}]*\}/g)].map(([, name = '']) => name);
      return [...names, ...namesIn(values)];
    }
    return namesIn(inner);
  });
}

/**
 * A string of the template, parts of which may be known only at deploy time.
 * @param unknown text in place of such a part
 */
export function textOf(value: unknown, unknown: (part: unknown) => string): string {
  if (typeof value === 'string') return value;
  const [[name, argument] = []] = Object.entries((value ?? {}) as Record<string, unknown>);
  if (name === 'Fn::Base64') return textOf(argument, unknown);
  if (name !== 'Fn::Join') return unknown(value);
  const [separator, parts] = argument as [string, unknown[]];
  return parts.map((part) => textOf(part, unknown)).join(separator);
}

/** The same, with a readable name for what is known only at deploy time: `<App.PrivateIp>`. */
export function readableText(value: unknown): string {
  return textOf(value, (part) => {
    const { Ref, 'Fn::GetAtt': attribute } = (part ?? {}) as { Ref?: string; 'Fn::GetAtt'?: readonly string[] };
    return `<${Ref ?? attribute?.join('.') ?? JSON.stringify(part)?.replaceAll('"', "'")}>`;
  });
}
