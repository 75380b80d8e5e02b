import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { compareTemplates } from '../../../lib/plan/change/comparison';
import { RESTARTING } from '../../../lib/plan/change/replacing';
import { gatewayId, reference } from '../../../lib/plan/change/template';
import { baseOf, MODES, withProperty } from './stacks';

// A synth takes seconds on a busy machine.
jest.setTimeout(60_000);

/** What CloudFormation's resource schemas say, as the CDK CLI brings them for `cdk diff`. */
interface Database {
  readonly schema: {
    readonly resource: {
      readonly entities: readonly {
        readonly cloudFormationType?: string;
        readonly properties?: Readonly<Record<string, { readonly causesReplacement?: 'yes' | 'maybe' | 'no' }>>;
      }[];
    };
  };
}

const file = join(dirname(require.resolve('aws-cdk/package.json')), 'db.json.gz');
const { schema } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Database;

/** The properties of a type whose change may replace it, and all others. */
function properties(type: string): { readonly replacing: readonly string[]; readonly others: readonly string[] } {
  const found = schema.resource.entities.find(({ cloudFormationType }) => cloudFormationType === type);
  const all = Object.entries(found?.properties ?? {});
  const is = ([, { causesReplacement = 'no' }]: (typeof all)[number]) => causesReplacement !== 'no';
  return {
    replacing: all.filter(is).map(([name]) => name),
    others: all.filter((one) => !is(one)).map(([name]) => name),
  };
}

const INSTANCE = properties('AWS::EC2::Instance');
/** EC2 changes the groups of a running instance in a VPC, which every gateway is in. */
const IN_PLACE = ['SecurityGroupIds'];

test('the CLI brings the schemas', () => {
  expect(INSTANCE.replacing).toEqual(expect.arrayContaining(['ImageId', 'KeyName', 'SubnetId', 'UserData']));
  expect(INSTANCE.others).toEqual(expect.arrayContaining(['Monitoring', 'SourceDestCheck', 'Tags']));
});

test('whatever changes in the replacing properties of the instance is told as a replacement, and nothing else is', () => {
  const value = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.string(), { minLength: 1 }),
    fc.dictionary(fc.string(), fc.string()),
  );
  const mode = fc.constantFrom(...MODES);
  const names = fc.subarray([...INSTANCE.replacing, ...INSTANCE.others], { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(mode, names, value, (onChange, changed, to) => {
      const before = baseOf(onChange);
      const id = gatewayId(before.Resources) ?? '';
      const after = changed.reduce((template, name) => withProperty(template, id, name, to), before);
      const replacing = changed.filter((name) => INSTANCE.replacing.includes(name) && !IN_PLACE.includes(name));
      const hard = replacing.some((name) => !RESTARTING.includes(name));
      const { host, changes } = compareTemplates(before, after);
      if (hard) expect(host).toBe('replace');
      else if (replacing.length > 0) expect(host).toBe('restart');
      else expect(['nothing', 'live']).toContain(host);
      // What happens to the host has a line that says why.
      if (replacing.length > 0) expect(changes.map((one) => one.host)).toContain(host);
    }),
    { numRuns: 200 },
  );
});

describe.each(['AWS::EC2::Subnet', 'AWS::EC2::VPC', 'AWS::EC2::KeyPair'])(
  '%s, which the instance is launched with',
  (type) => {
    const { replacing } = properties(type);
    test.each(replacing.filter((name) => name !== 'Tags'))('a change of %s replaces the host', (name) => {
      const before = baseOf('live');
      const [id = ''] = Object.entries(before.Resources).find(([, one]) => one.Type === type) ?? [];
      expect(compareTemplates(before, withProperty(before, id, name, 'changed')).host).toBe('replace');
    });
  },
);

test('a parameter, a mapping or a condition whose value is not known counts as changed where it is used', () => {
  const before = baseOf('live');
  const id = gatewayId(before.Resources) ?? '';
  const image = { 'Fn::FindInMap': ['Images', { Ref: 'AWS::Region' }, 'id'] };
  const mapped = { ...withProperty(before, id, 'ImageId', image), Mappings: { Images: { a: { id: 'ami-1' } } } };
  const other = { ...mapped, Mappings: { Images: { a: { id: 'ami-2' } } } };
  expect(compareTemplates(mapped, mapped).host).toBe('nothing');
  expect(compareTemplates(mapped, other).host).toBe('replace');
  const parameter = (Default: string) => ({
    ...withProperty(before, id, 'KeyName', { 'Fn::Sub': ['$', '{Key}'].join('') }),
    Parameters: { Key: { Type: 'String', Default } },
  });
  expect(compareTemplates(parameter('a'), parameter('a')).host).toBe('nothing');
  expect(compareTemplates(parameter('a'), parameter('b')).host).toBe('replace');
  expect(reference(before.Resources[id]?.Properties?.SubnetId)).toBeDefined();
});
