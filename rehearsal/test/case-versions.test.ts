import { App, DefaultStackSynthesizer, LegacyStackSynthesizer } from 'aws-cdk-lib';
import { PortwayFleet } from '../../lib/portway-fleet';
import { PortwayStack } from '../../lib/portway-stack';
import { PUBLIC_KEY } from '../../test/snapshots/canonical';
import { featureFlags } from '../../test/snapshots/synthesize';
import { loadCases } from '../src/cases';
import { versionsSource } from '../src/stack-source';

/** A case boots machines for minutes, so a content that synth refuses must be found earlier. */
test('every content of every case can be synthesized', async () => {
  const refused: string[] = [];
  let contents = 0;
  // Cases share contents: those that were tried, in a bucket and without.
  const known = { true: new Set<unknown>(), false: new Set<unknown>() };
  const isNew = (content: unknown, bootstrap: boolean) =>
    !known[`${bootstrap}`].has(content) && known[`${bootstrap}`].add(content);
  const login = { adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY };
  const tried = (what: string, make: () => unknown) => {
    contents++;
    try {
      make();
    } catch (error) {
      refused.push(`${what}: ${error}`);
    }
  };
  for (const { name, case: one } of await loadCases()) {
    for (const [version, content] of Object.entries(one.versions ?? {})) {
      const { bootstrap } = versionsSource(one.versions ?? {});
      if (!isNew(content, bootstrap)) continue;
      const { storedTemplate: _, ...props } = content;
      const synthesizer = (bootstrap ? new DefaultStackSynthesizer() : new LegacyStackSynthesizer()) as never;
      const app = new App({ context: featureFlags() });
      tried(`${name}, ${version}`, () => new PortwayStack(app, 'Portway', { ...props, ...login, synthesizer }));
    }
    for (const [version, content] of Object.entries(one.fleet ?? {})) {
      if (!isNew(content, true)) continue;
      const { bootMinutes: _, ...props } = content;
      const app = new App({ context: featureFlags() });
      const synthesizer = new DefaultStackSynthesizer() as never;
      tried(`${name}, ${version}`, () => new PortwayFleet(app, 'Fleet', { ...props, ...login, synthesizer }));
    }
  }
  expect(contents).toBeGreaterThan(10);
  expect(refused).toEqual([]);
});
