import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { fixture } from '../../rehearsal/test/report/fixture';
import { FOLDER, schemas } from '../../scripts/schemas/schemas';
import { CANONICAL } from '../snapshots/canonical';
import { synthesize } from '../snapshots/synthesize';
import { schemaErrors } from '../support/json-schema';
import { readPage } from './pages';

let written: Readonly<Record<string, string>>;
beforeAll(() => {
  written = schemas();
}, 120_000);

test('docs/schemas is what the types say (npm run docs writes it)', () => {
  const found = readdirSync(FOLDER).map((file) => [file, readFileSync(join(FOLDER, file), 'utf8')]);
  expect(Object.fromEntries(found)).toEqual(written);
});

test('docs/options.md leads to each of them', () => {
  const page = readPage('docs/options.md');
  for (const file of Object.keys(written)) expect(page).toContain(`](schemas/${file})`);
});

test.each(Object.keys(CANONICAL))(
  'the plan of %s is as its schema says',
  (name) => {
    const { assembly } = synthesize(CANONICAL[name] as PortwayStackProps);
    const plan = readFileSync(join(assembly.directory, 'Portway.plan.json'), 'utf8');
    expect(schemaErrors('plan', `{ "Portway": ${plan} }`)).toEqual([]);
  },
  60_000,
);

test("a rehearsal's report is as its schema says", () => {
  expect(schemaErrors('rehearse', JSON.stringify(fixture().report))).toEqual([]);
});

test('a missing property and one that no type has are told', () => {
  expect(schemaErrors('verify', '{ "Portway": { "differences": [], "remarks": [] } }')).toEqual([
    `/Portway must have required property 'notes' {"missingProperty":"notes"}`,
    '/Portway must NOT have additional properties {"additionalProperty":"remarks"}',
  ]);
});
