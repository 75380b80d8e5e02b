import { App, LegacyStackSynthesizer } from 'aws-cdk-lib';
import type { OnChange } from '../../../lib/constructs/on-change';
import { Forward } from '../../../lib/forward/forward';
import type { Change } from '../../../lib/plan/change/change';
import { type Comparison, compareTemplates } from '../../../lib/plan/change/comparison';
import type { Resource, Template } from '../../../lib/plan/change/template';
import { PortwayStack } from '../../../lib/portway-stack';
import type { PortwayStackProps } from '../../../lib/portway-stack-props';
import { PUBLIC_KEY } from '../../snapshots/canonical';
import { featureFlags } from '../../snapshots/synthesize';

export const MODES = ['restart', 'replace', 'live'] as const satisfies readonly OnChange[];

/** A small stack on both engines. */
export const BASE: PortwayStackProps = {
  ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY },
  forwards: {
    web: Forward.http({ listen: 80, to: 8080 }),
    game: Forward.udp({ listen: 27015, to: '10.0.1.20:27015', engine: 'iptables' }),
  },
};

/** The template of a stack. `alter` gets it before it is synthesized. */
export function templateOf(
  props: Partial<PortwayStackProps> = {},
  options: { readonly bucket?: boolean; readonly alter?: (stack: PortwayStack) => void } = {},
): Template {
  const app = new App({ context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  const synthesizer = options.bucket === false ? { synthesizer: new LegacyStackSynthesizer() as never } : {};
  const { adminCidr, ...others } = BASE;
  const admin = props.ssh === undefined ? { adminCidr } : {};
  const stack = new PortwayStack(app, 'Portway', {
    ...others,
    ...admin,
    ...props,
    ...synthesizer,
  } as PortwayStackProps);
  options.alter?.(stack);
  return app.synth().getStackByName('Portway').template as Template;
}

const bases = new Map<OnChange, Template>();

/** The small stack's template. */
export function baseOf(onChange: OnChange): Template {
  const found = bases.get(onChange) ?? templateOf({ onChange });
  bases.set(onChange, found);
  return found;
}

/** What a change of the small stack does. */
export function changed(onChange: OnChange, after: Partial<PortwayStackProps>): Comparison {
  return compareTemplates(baseOf(onChange), templateOf({ onChange, ...after }));
}

/** The row of a prop. */
export function rowOf({ changes }: Comparison, what: string): Change {
  const found = changes.find((one) => one.what === what);
  if (found === undefined) throw new Error(`no row ${what} in: ${JSON.stringify(changes, null, 1)}`);
  return found;
}

/** A template with one resource changed. */
export function withResource(template: Template, id: string, change: (resource: Resource) => Resource): Template {
  const { [id]: resource, ...rest } = template.Resources;
  return { ...template, Resources: { ...rest, [id]: change(resource as Resource) } };
}

/** A template with one property of a resource changed. */
export function withProperty(template: Template, id: string, name: string, value: unknown): Template {
  return withResource(template, id, (one) => ({ ...one, Properties: { ...one.Properties, [name]: value } }));
}
