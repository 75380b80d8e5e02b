import { App, DefaultStackSynthesizer, LegacyStackSynthesizer } from 'aws-cdk-lib';
import { PortwayStack } from '../../lib/portway-stack';
import { PUBLIC_KEY } from '../../test/snapshots/canonical';
import { featureFlags } from '../../test/snapshots/synthesize';
import { loadCases } from '../src/cases';
import { versionsSource } from '../src/stack-source';

/** A case boots machines for minutes, so a content that synth refuses must be found earlier. */
test('every content of every case can be synthesized', async () => {
  const refused: string[] = [];
  let contents = 0;
  for (const { name, case: one } of await loadCases()) {
    for (const [version, { storedTemplate: _, ...props }] of Object.entries(one.versions ?? {})) {
      contents++;
      const { bootstrap } = versionsSource(one.versions ?? {});
      const synthesizer = (bootstrap ? new DefaultStackSynthesizer() : new LegacyStackSynthesizer()) as never;
      const own = { adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, synthesizer };
      try {
        new PortwayStack(new App({ context: featureFlags() }), 'Portway', { ...props, ...own });
      } catch (error) {
        refused.push(`${name}, ${version}: ${error}`);
      }
    }
  }
  expect(contents).toBeGreaterThan(10);
  expect(refused).toEqual([]);
});
