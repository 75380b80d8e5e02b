import { ofType, type Template } from './template';

/** How the id of a gateway's association ends. */
const ASSOCIATION = /AddressAssociation[0-9A-F]{8}$/;

/** The logical ids of the associations of a template's gateways. */
export function associationsIn({ Resources }: Template): readonly string[] {
  const ids = ofType(Resources, 'AWS::EC2::EIPAssociation').map(([id]) => id);
  return ids.filter((id) => /Gateway$/.test(id.replace(ASSOCIATION, '')));
}

/**
 * A template without the other gateways of its stack, so that each gateway can be compared by itself. Resources that are no
 * gateway's stay.
 *
 * @param association the logical id of the gateway's association
 * @param all those of all gateways of the stack, this one among them
 * @throws Error if the ids of two gateways cannot be told apart
 */
export function withoutOtherGateways(template: Template, association: string, all: readonly string[]): Template {
  if (all.length < 2) return template;
  const hosts = all.map(hostOf);
  const twice = hosts.find((host, i) => hosts.indexOf(host) !== i);
  if (twice !== undefined)
    throw new Error(
      `gateways must differ in more than a name's last word Gateway, to be compared with --against: rename one (ids begin with ${twice}), or look at cdk diff`,
    );
  const others = Object.entries(template.Resources).filter(([id]) => (ownerOf(id, all) ?? association) === association);
  return { ...template, Resources: Object.fromEntries(others) };
}

/** The gateway that a resource belongs to. A logical id begins with the names of its constructs; the longest match is the nearest one. */
function ownerOf(id: string, associations: readonly string[]): string | undefined {
  const matches = associations.flatMap((association) =>
    namesOf(association)
      .filter((name) => id.startsWith(name))
      .map((name) => ({ association, length: name.length })),
  );
  return matches.toSorted((a, b) => b.length - a.length)[0]?.association;
}

/** How the ids of a gateway's resources begin: its host and its network. */
function namesOf(association: string): readonly string[] {
  const host = hostOf(association);
  return [host, host.replace(/Gateway$/, 'Network')];
}

function hostOf(association: string): string {
  return association.replace(ASSOCIATION, '');
}
