import { App, Duration, Stack, Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { stringify } from 'yaml';
import { Forward } from '../../../lib/forward/forward';
import { compareTemplates } from '../../../lib/plan/change/comparison';
import { parseTemplate } from '../../../lib/plan/change/parse-template';
import { printComparison } from '../../../lib/plan/change/print';
import { gatewayId, type Template } from '../../../lib/plan/change/template';
import { PUBLIC_KEY } from '../../snapshots/canonical';
import { BASE, baseOf, changed, MODES, rowOf, templateOf, withProperty, withResource } from './stacks';

// A synth takes seconds on a busy machine.
jest.setTimeout(60_000);

const gateway = ({ Resources }: Template) => gatewayId(Resources) ?? '';

describe.each(MODES)('with onChange %s', (onChange) => {
  const content = onChange;

  test('tells forwards by name: added, removed, and what changed in them', () => {
    const found = changed(onChange, {
      forwards: {
        web: Forward.http({ listen: 80, to: 8081, maxBodyMiB: 10 }),
        mail: Forward.tcp({ listen: 25, to: '10.0.1.25:25', engine: 'iptables' }),
      },
    });
    expect(found).toMatchObject({ host: content, address: 'stays', incomplete: false });
    expect(rowOf(found, 'forward web')).toEqual({
      what: 'forward web',
      how: expect.arrayContaining(['to 8080 -> 8081', 'nginx.conf:', '+ client_max_body_size 10m;']),
      host: content,
    });
    expect(rowOf(found, 'forward mail').how).toEqual(['added: tcp 25 iptables to 10.0.1.25:25']);
    expect(rowOf(found, 'forward game').how).toEqual(['removed: was udp 27015 iptables to 10.0.1.20:27015']);
    expect(rowOf(found, 'security group')).toMatchObject({
      host: 'nothing',
      how: expect.arrayContaining(['+ tcp 25 from 0.0.0.0/0', '- udp 27015 from 0.0.0.0/0']),
    });
    // Nothing else: an unchanged forward has no row, and each row is of a kind above.
    expect(found.changes.filter(({ what }) => what.startsWith('forward '))).toHaveLength(3);
    expect(found.changes.every(({ host }) => host === content || host === 'nothing')).toBe(true);
  });

  test('tells a changed limit of one forward on iptables, and no other forward', () => {
    const found = changed(onChange, {
      forwards: {
        ...BASE.forwards,
        game: Forward.udp({
          ...{ listen: 27015, to: '10.0.1.20:27015', engine: 'iptables' },
          limits: { newConnectionsPerSecond: 20 },
        }),
      },
    });
    const row = rowOf(found, 'forward game');
    expect(row.host).toBe(content);
    expect(row.how.join('\n')).toMatch(/^\+ .*--hashlimit-above 20\/sec/m);
    expect(found.changes.map(({ what }) => what)).not.toContain('forward web');
  });

  test.each([
    ['adminCidr', { adminCidr: '203.0.113.8/32' }],
    ['flowLogs', { flowLogs: true }],
    ['detailedMonitoring', { detailedMonitoring: true }],
    ['security group', { ping: true }],
  ] as const)('a change of %s leaves the host alone', (what, props) => {
    const found = changed(onChange, props);
    expect(found).toMatchObject({ host: 'nothing', incomplete: false });
    expect(rowOf(found, what).host).toBe('nothing');
  });

  test('a tag of all resources leaves the host alone', () => {
    const before = baseOf(onChange);
    const after = templateOf({ onChange }, { alter: (stack) => Tags.of(stack).add('Team', 'network') });
    const found = compareTemplates(before, after);
    expect(found).toMatchObject({ host: 'nothing', incomplete: false });
    expect(found.changes.map(({ what }) => what)).toEqual(['tags']);
  });

  test('tells settings of the gateway, a first-boot script and programs', () => {
    const [first, second] = ['198.51.100.0/25', '192.0.2.0/25'];
    const blocked = changed(onChange, { blocked: [first] });
    expect(blocked.host).toBe(content);
    expect(blocked.changes.flatMap(({ how }) => how)).toContain('new in nftables.rules');
    const more = compareTemplates(
      templateOf({ onChange, blocked: [first] }),
      templateOf({ onChange, blocked: [first, second] }),
    );
    expect(more.host).toBe(content);
    expect(more.changes.flatMap(({ how }) => how).join('\n')).toMatch(/^\+ 192\.0\.2\.0\/25,$/m);
    const script = changed(onChange, { firstBootScript: `${__dirname}/../../snapshots/first-boot.sh` });
    expect(rowOf(script, 'firstBootScript')).toMatchObject({ host: content, how: ['new in first-boot'] });
  });

  test('the same stack without a bucket changes nothing but where programs and comments are', () => {
    // Some canonical stacks do not fit into a template that is sent without a bucket.
    const props = { onChange, engine: 'iptables', forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) } } as const;
    const legacy = templateOf(props, { bucket: false });
    expect(compareTemplates(legacy, legacy).changes).toEqual([]);
    const after = templateOf({ ...props, forwards: { web: Forward.tcp({ listen: 80, to: 9090 }) } }, { bucket: false });
    const found = compareTemplates(legacy, after);
    expect(rowOf(found, 'forward web')).toMatchObject({
      how: expect.arrayContaining(['to 8080 -> 9090']),
      host: content,
    });
  });

  test('what it cannot know, it does not call nothing', () => {
    const before = baseOf(onChange);
    const bucket = templateOf({ onChange }, { alter: (stack) => void new s3.Bucket(stack, 'Bucket') });
    expect(compareTemplates(before, bucket)).toMatchObject({
      incomplete: true,
      changes: [{ what: 'AWS::S3::Bucket', host: 'unknown' }],
    });
    // Without its route the host is not reached.
    const route = Object.keys(before.Resources).find((id) => id.includes('DefaultRoute')) ?? '';
    const { [route]: _, ...Resources } = before.Resources;
    expect(compareTemplates(before, { ...before, Resources })).toMatchObject({ incomplete: true });
  });

  test('a new address is told', () => {
    const before = baseOf(onChange);
    const id = Object.entries(before.Resources).find(([, { Type }]) => Type === 'AWS::EC2::EIP')?.[0] ?? '';
    const moved = compareTemplates(before, withProperty(before, id, 'NetworkBorderGroup', 'eu-central-1-wl1'));
    expect(moved).toMatchObject({ address: 'changes', host: 'replace' });
    expect(printComparison('Stack Portway', 'x', moved)).toContain('THE ADDRESS CHANGES');
    const { [id]: eip, ...rest } = before.Resources;
    const renamed = JSON.parse(JSON.stringify({ ...rest, Other: eip }).replaceAll(`"${id}"`, '"Other"'));
    expect(compareTemplates(before, { Resources: renamed })).toMatchObject({ address: 'changes' });
    // A host that nothing touches promises nothing of requests that go to the old address.
    const [text, ...others] = (['nothing', 'live'] as const).map((host) =>
      printComparison('Stack Portway', 'x', { ...moved, host, address: 'changes', incomplete: false }),
    );
    expect(text).toMatch(
      /In all: nothing\. The host is not touched\. THE ADDRESS CHANGES: .*requests to the old one are lost\.$/,
    );
    expect([text, ...others].join('\n')).not.toMatch(/no request is lost|Nothing stops|0 of/);
  });

  test('a stack of another version is told by its instance, and that its files cannot be read', () => {
    const now = baseOf(onChange);
    const userData = { 'Fn::Base64': '#!/bin/sh\niptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT\n' };
    const old = withResource(withProperty(now, gateway(now), 'UserData', userData), gateway(now), (one) => ({
      ...one,
      Properties: { ...one.Properties, Tags: [{ Key: 'Name', Value: 'Portway' }] },
    }));
    const found = compareTemplates(old, now);
    expect(['restart', 'replace']).toContain(found.host);
    expect(found.changes.map(({ what }) => what)).toContain('Portway itself (user-data)');
  });
});

const NOT_LIVE = [
  ['instanceType', { instanceType: 't4g.small' }, 'restart', /type of a stopped instance/],
  ['os, architecture or ami', { os: 'ubuntu-24.04' }, 'replace', /keeps the image/],
  ['os, architecture or ami', { architecture: 'x86_64' }, 'replace', /keeps the image/],
  ['os, architecture or ami', { ami: { id: 'ami-0123456789abcdef0', rootDevice: '/dev/xvda' } }, 'replace', /image/],
  ['sshPublicKey or keyPairName', { sshPublicKey: `${PUBLIC_KEY.slice(0, -18)}x` }, 'replace', /first boot only/],
  ['diskGiB', { diskGiB: 20 }, 'replace', /volumes/],
  ['vpc, vpcSubnets or availabilityZoneIndex', { availabilityZoneIndex: 1 }, 'replace', /subnet/],
  ['ipv6', { ipv6: true, forwards: { web: Forward.http({ listen: 80, to: 8080 }) } }, 'replace', /IPv6 address/],
  ['signalTimeout', { signalTimeout: Duration.minutes(20) }, 'restart', /report/],
  ['attempt', { attempt: 1 }, 'restart', /report/],
] as const;

test.each(NOT_LIVE)('tells that %s cannot be live, and why', (what, props, effect, why) => {
  const found = changed('live', props);
  expect(found).toMatchObject({ host: effect, address: 'stays', incomplete: false });
  expect(rowOf(found, what)).toMatchObject({ host: effect, why: expect.stringMatching(why) });
});

test.each(MODES)('tells with onChange %s that a machine of several changes is replaced', (onChange) => {
  const found = changed(onChange, { architecture: 'x86_64', diskGiB: 20, availabilityZoneIndex: 1 });
  expect(found).toMatchObject({ host: 'replace', address: 'stays', incomplete: false });
  for (const what of ['os, architecture or ami', 'diskGiB', 'vpc, vpcSubnets or availabilityZoneIndex'])
    expect(rowOf(found, what).host).toBe('replace');
  expect(rowOf(found, 'instanceType').host).toBe(onChange === 'replace' ? 'replace' : 'restart');
});

test('a host that polls, which has no tag, takes changes over while it runs', () => {
  const before = templateOf({ onChange: 'live', liveTrigger: 'poll' });
  const web = Forward.http({ listen: 80, to: 9090 });
  const after = templateOf({ onChange: 'live', liveTrigger: 'poll', forwards: { ...BASE.forwards, web } });
  const found = compareTemplates(before, after);
  expect(found).toMatchObject({ host: 'live', incomplete: false });
  expect(rowOf(found, 'forward web').how).toContain('to 8080 -> 9090');
});

test('onChange itself is told', () => {
  const templates = Object.fromEntries(MODES.map((onChange) => [onChange, baseOf(onChange)]));
  const told = (from: string, to: string) => compareTemplates(templates[from] as Template, templates[to] as Template);
  for (const [from, to, host] of [
    ['restart', 'live', 'restart'],
    ['live', 'restart', 'restart'],
    ['restart', 'replace', 'replace'],
    ['live', 'replace', 'replace'],
    ['replace', 'live', 'replace'],
  ] as const)
    expect(rowOf(told(from, to), 'onChange')).toEqual({ what: 'onChange', how: [`${from} -> ${to}`], host });
});

test("in an existing VPC the group's rules stay in place, and another subnet replaces the host", () => {
  const vpc = (stack: string, subnet: string) =>
    ec2.Vpc.fromVpcAttributes(new Stack(new App(), stack), 'Vpc', {
      ...{ vpcId: 'vpc-1a2b3c4d', availabilityZones: ['eu-central-1a'], publicSubnetIds: [subnet] },
    });
  const before = templateOf({ vpc: vpc('A', 'subnet-1a2b3c01'), onChange: 'live' });
  const moved = compareTemplates(before, templateOf({ vpc: vpc('B', 'subnet-1a2b3c02'), onChange: 'live' }));
  expect(rowOf(moved, 'vpc, vpcSubnets or securityGroups')).toMatchObject({ host: 'replace' });
  const opened = templateOf({
    ...{ vpc: vpc('C', 'subnet-1a2b3c01'), onChange: 'live' },
    forwards: { ...BASE.forwards, mail: Forward.tcp({ listen: 25, to: 2525, engine: 'iptables' }) },
  });
  expect(compareTemplates(before, opened)).toMatchObject({ host: 'live', incomplete: false });
});

test('a template is the same as JSON and as the YAML that the CLI sends', () => {
  const template = baseOf('live');
  const yaml = stringify(template, { schema: 'yaml-1.1', aliasDuplicateObjects: false });
  expect(compareTemplates(parseTemplate(yaml, 'yaml'), template)).toMatchObject({ host: 'nothing', changes: [] });
  expect(() => parseTemplate('- no\n- template\n', 'x.yaml')).toThrow('x.yaml must be a CloudFormation template');
  expect(() => compareTemplates({ Resources: {} }, template)).toThrow('the deployed stack must have a gateway');
});

test('names the sources of a forward that change', () => {
  const game = (props: object) => ({
    forwards: {
      ...BASE.forwards,
      game: Forward.udp({ listen: 27015, to: '10.0.1.20:27015', engine: 'iptables', ...props }),
    },
  });
  const open = templateOf(game({}));
  const bound = templateOf(game({ allowFrom: ['198.51.100.0/24'], denyFrom: ['198.51.100.7/32'] }));
  expect(rowOf(compareTemplates(open, bound), 'forward game').how).toEqual(
    expect.arrayContaining(['allowFrom everyone -> 198.51.100.0/24', 'denyFrom nobody -> 198.51.100.7/32']),
  );
  expect(rowOf(compareTemplates(bound, open), 'forward game').how).toContain('allowFrom 198.51.100.0/24 -> everyone');
  // A host of another mode has no such list.
  const restart = templateOf({ ...game({ allowFrom: ['198.51.100.0/24'] }), onChange: 'restart' });
  expect(JSON.stringify(compareTemplates(restart, bound).changes)).not.toContain('allowFrom');
});
