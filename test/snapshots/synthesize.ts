import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Annotations, App, LegacyStackSynthesizer } from 'aws-cdk-lib';
import { PortwayStack } from '../../lib/portway-stack';
import type { PortwayStackProps } from '../../lib/portway-stack-props';

const CDK_JSON = join(__dirname, '..', '..', 'cdk.json');

/** The feature flags of cdk.json. The CLI passes them to the app; a test must do it itself. */
export function featureFlags(): Record<string, unknown> {
  return JSON.parse(readFileSync(CDK_JSON, 'utf8')).context;
}

/** One stack in its own app, as the CLI would synthesize it. */
export function synthesize(props: PortwayStackProps, { legacy = false }: { legacy?: boolean } = {}) {
  const app = new App({ context: featureFlags() });
  const synthesizer = legacy ? { synthesizer: new LegacyStackSynthesizer() } : {};
  const stack = new PortwayStack(app, 'Portway', { ...props, ...synthesizer } as PortwayStackProps);
  // Their targets stand for hosts that no template here makes.
  for (const name of Object.keys(props.forwards))
    Annotations.of(stack).acknowledgeWarning(`portway:targetElsewhere-${name}`);
  Annotations.of(stack).acknowledgeWarning('portway:targetsElsewhere');
  return { app, stack, assembly: app.synth() };
}
