import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PortwayFleetProps } from '../../lib/portway-fleet-props';
import { CANONICAL_FLEETS, synthesizeFleet } from '../support/fleet';

const EXPECTED = join(__dirname, 'expected-fleet');

/** Without contents and hashes, which other snapshots show: see review-files.ts. */
function reviewed(props: () => PortwayFleetProps): string {
  const { template } = synthesizeFleet(props);
  const copy = structuredClone(template);
  for (const { Type, Properties } of Object.values(copy.Resources)) {
    const properties = Properties as
      | (Record<string, unknown> & { LaunchTemplateData?: Record<string, unknown> })
      | undefined;
    if (Type === 'AWS::SSM::Parameter' && properties) properties.Value = '<content>';
    if (properties?.LaunchTemplateData !== undefined) properties.LaunchTemplateData.UserData = '<loader>';
  }
  const text = `${JSON.stringify(copy, null, 2)}\n`;
  return text
    .replace(/(FleetLiveCondition[0-9A-F]{8})[0-9a-f]{16}/g, '$1<content>')
    .replace(/(\/portway\/Fleet\/)[0-9a-f]{16}(\/now)/g, '$1<generation>$2');
}

test.each(Object.entries(CANONICAL_FLEETS))('the template of %s is as reviewed', (name, props) => {
  const file = join(EXPECTED, `${name}.json`);
  const text = reviewed(props);
  if (process.env.UPDATE_SNAPSHOTS !== undefined) writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
});
